package pace

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"sparkbot/store"
	"sparkbot/store/heartbeat"
)

func TestFairSharesAddUp(t *testing.T) {
	for _, limit := range []int{1, 49, 1000} {
		for n := 1; n <= 60; n++ {
			sum, least, most := 0, limit, 0
			for me := range n {
				var others []store.Member
				for i := range n {
					if i != me {
						others = append(others, store.Member{Holder: fmt.Sprintf("%02d", i)})
					}
				}
				part := fair(limit, fmt.Sprintf("%02d", me), others)
				sum, least, most = sum+part, min(least, part), max(most, part)
			}
			if sum != limit || most-least > 1 {
				t.Errorf("%d among %d: %d in all, from %d to %d", limit, n, sum, least, most)
			}
		}
	}
}

// row is a member as the database has it.
type row struct {
	share int
	until time.Time
}

// peer is a member with a clock of its own.
type peer struct {
	name string
	skew time.Duration
	seat seat
	// asked is when the question under way was asked, by the peer's clock; zero
	// when none is. use is what it will use when the answer comes.
	asked time.Time
	use   int
	told  bool // the database has taken it
}

// pool is a run of joins, deaths, lost questions and lost answers.
type pool struct {
	limit int
	now   time.Time // the database's clock
	rows  map[string]row
	peers []*peer
	names int
}

func (p *pool) clock(m *peer) time.Time { return p.now.Add(m.skew) }

// record is what the database does with a question.
func (p *pool) record(m *peer) {
	var others []store.Member
	for _, name := range slices.Sorted(maps.Keys(p.rows)) {
		if r := p.rows[name]; name != m.name && r.until.After(p.now) {
			others = append(others, store.Member{Holder: name, Share: r.share})
		}
	}
	share, use := m.seat.decide(m.name, others, 0, p.clock(m))
	p.rows[m.name] = row{share, p.now.Add(ShareTTL)}
	m.use, m.told = use, true
}

// inForce is what all living members may use at this moment, and what any of
// them may have used in the window before.
func (p *pool) inForce() int {
	sum := 0
	for _, m := range p.peers {
		sum += m.seat.holds(p.clock(m))
	}
	return sum
}

// TestSharesInForceNeverPassTheLimit joins and kills members whose clocks
// disagree by hours, loses questions and answers, and lets time go by.
func TestSharesInForceNeverPassTheLimit(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := &pool{limit: rapid.IntRange(1, 60).Draw(r, "limit"), now: noon, rows: map[string]row{}}
		some := func(r *rapid.T) *peer {
			if len(p.peers) == 0 {
				r.Skip("nobody is there")
			}
			return p.peers[rapid.IntRange(0, len(p.peers)-1).Draw(r, "member")]
		}
		r.Repeat(map[string]func(*rapid.T){
			"join": func(r *rapid.T) {
				p.names++
				skew := time.Duration(rapid.IntRange(-7200, 7200).Draw(r, "skew")) * time.Second
				p.peers = append(p.peers, &peer{name: fmt.Sprint(rapid.IntRange(0, 9).Draw(r, "order"), "-", p.names), skew: skew, seat: seat{limit: p.limit}})
			},
			"die": func(r *rapid.T) {
				m := some(r)
				p.peers = slices.DeleteFunc(p.peers, func(o *peer) bool { return o == m })
			},
			"ask": func(r *rapid.T) {
				if m := some(r); m.asked.IsZero() {
					m.asked = p.clock(m)
				}
			},
			"the database hears": func(r *rapid.T) {
				if m := some(r); !m.asked.IsZero() && !m.told {
					p.record(m)
				}
			},
			"the member hears": func(r *rapid.T) {
				if m := some(r); m.told {
					m.seat.granted(m.use, m.asked)
					m.asked, m.told = time.Time{}, false
				}
			},
			"question or answer is lost": func(r *rapid.T) {
				m := some(r)
				m.asked, m.told = time.Time{}, false
			},
			"time goes by": func(r *rapid.T) {
				p.now = p.now.Add(time.Duration(rapid.IntRange(1, 3000).Draw(r, "ms")) * time.Millisecond)
			},
			"": func(r *rapid.T) {
				if sum := p.inForce(); sum > p.limit {
					r.Fatalf("%d of %d are in force", sum, p.limit)
				}
			},
		})
	})
}

// fakePool is the database's table, by its own clock.
type fakePool struct {
	mu      sync.Mutex
	rows    map[string]row
	decided int
}

func (p *fakePool) decisions() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.decided
}

func (p *fakePool) all() map[string]row {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.rows)
}

// way is one member's way to it, which may be cut or slow.
type way struct {
	*fakePool
	mu   sync.Mutex
	cut  bool
	slow time.Duration

	alone chan struct{} // when not nil, it takes itself to be alone until it is closed
}

func (w *way) Alone() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.alone
}

// setAlone has it take itself to be alone, rightly or not.
func (w *way) setAlone(alone bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.alone != nil {
		close(w.alone)
		w.alone = nil
	}
	if alone {
		w.alone = make(chan struct{})
	}
}

func (w *way) set(cut bool, slow time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut, w.slow = cut, slow
}

func (w *way) get() (bool, time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cut, w.slow
}

func (w *way) Join(_ context.Context, _, holder string, ttl time.Duration, decide func([]store.Member) int) error {
	cut, slow := w.get()
	pass(slow)
	if cut {
		return errors.New("connection refused")
	}
	w.fakePool.mu.Lock()
	w.decided++
	var others []store.Member
	for _, name := range slices.Sorted(maps.Keys(w.rows)) {
		if r := w.rows[name]; name != holder && r.until.After(time.Now()) {
			others = append(others, store.Member{Holder: name, Share: r.share})
		}
	}
	w.rows[holder] = row{decide(others), time.Now().Add(ttl)}
	w.fakePool.mu.Unlock()
	pass(slow)
	return nil
}

func (w *way) Renew(_ context.Context, all []store.Holding) ([]store.Tenure, error) {
	cut, slow := w.get()
	pass(slow)
	if cut {
		return nil, errors.New("connection refused")
	}
	w.fakePool.mu.Lock()
	answers := make([]store.Tenure, len(all))
	for i, h := range all {
		mine, now := w.rows[h.Holder], time.Now()
		same := mine.share == h.Share && mine.until.After(now)
		n := 0
		for name, r := range w.rows {
			if name != h.Holder && r.until.After(now) {
				n++
				same = same && slices.Contains(h.Others, store.Member{Holder: name, Share: r.share})
			}
		}
		if same && n == len(h.Others) {
			w.rows[h.Holder], answers[i] = row{h.Share, now.Add(h.TTL)}, store.Renewed
		}
	}
	w.fakePool.mu.Unlock()
	pass(slow)
	return answers, nil
}

func (w *way) Leave(_ context.Context, _, holder string, after time.Duration) error {
	w.fakePool.mu.Lock()
	defer w.fakePool.mu.Unlock()
	w.rows[holder] = row{w.rows[holder].share, time.Now().Add(after)}
	return nil
}

// TestReplicasTogetherKeepThePlatformsSecond runs replicas that always have
// something to send, cuts and slows their ways to the database, ends some and
// begins others, and counts what the platform sees.
func TestReplicasTogetherKeepThePlatformsSecond(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.Uint64().Draw(r, "seed")
		over := rapid.SampledFrom([]road{
			{0, 0, upTo(0)},
			{0, 0, upTo(3 * time.Millisecond)},
			{40 * time.Millisecond, 60 * time.Millisecond, upTo(20 * time.Millisecond)},
			{100 * time.Millisecond, 50 * time.Millisecond, upTo(70 * time.Millisecond)},
		}).Draw(r, "road")
		// A share that lapses is safe for answers of up to 300 ms: over a road that
		// takes seconds the database is always there.
		wild, least := rapid.Bool().Draw(r, "wild"), 200
		if wild {
			over, least = road{0, 0, upTo(3 * time.Second)}, 50
		}
		synctest.Test(t, func(t *testing.T) {
			chance, table, seen := rand.New(rand.NewPCG(seed, 2)), &fakePool{rows: map[string]row{}}, &starts{}
			var ways []*way
			var stops []func()
			join := func() {
				w := &way{fakePool: table}
				ways, stops = append(ways, w), append(stops, replica(t, w, fmt.Sprint(len(ways)), over, seen))
			}
			join()
			<-time.After(100 * time.Millisecond)
			for range 12 {
				w := ways[chance.IntN(len(ways))]
				w.setAlone(chance.IntN(2) == 0)
				switch chance.IntN(5) {
				case 0:
					join()
				case 1:
					w.set(!wild, 0)
				case 2:
					if !wild {
						w.set(false, time.Duration(chance.Int64N(int64(2*time.Second))))
					}
				case 3:
					stops[chance.IntN(len(stops))]()
				default:
					w.set(false, 0)
				}
				<-time.After(time.Duration(chance.Int64N(int64(8 * time.Second))))
			}
			join()
			for _, w := range ways {
				w.set(false, 0)
			}
			<-time.After(30 * time.Second)
			first := seen.count()
			<-time.After(10 * time.Second)
			if most := seen.most(); most > 49 {
				t.Errorf("%d arrived within a second", most)
			}
			if n := seen.count() - first; n < least {
				t.Errorf("only %d arrived in the last ten seconds", n)
			}
			for _, stop := range stops {
				stop()
			}
			<-time.After(10 * time.Second) // questions nobody waits for any more
		})
	})
}

// replica sends as fast as its share allows until stopped.
func replica(t *testing.T, w *way, name string, over road, seen *starts) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	b := NewBudget(49, time.Now)
	m := NewMember(w, heartbeat.New(w), "discord", name, b, time.Now, slog.New(slog.DiscardHandler))
	var sending, keeping sync.WaitGroup
	kept, end := context.WithCancel(context.WithoutCancel(ctx))
	keeping.Go(func() { m.Keep(kept) })
	traffic{b, over, uint64(len(name)), seen}.send(ctx, &sending)
	return func() {
		cancel()
		sending.Wait()
		end()
		keeping.Wait()
	}
}

func TestDeadMembersSharePassesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := &fakePool{rows: map[string]row{}}
		dies, lives := &way{fakePool: table}, &way{fakePool: table}
		seen, near := [2]*starts{{}, {}}, road{0, 0, upTo(3 * time.Millisecond)}
		stopDies := replica(t, dies, "a", near, seen[0])
		stopLives := replica(t, lives, "b", near, seen[1])
		<-time.After(time.Minute)
		if rows := table.all(); len(rows) != 2 || rows["a"].share+rows["b"].share != 49 {
			t.Fatalf("the shares are %+v", rows)
		}
		dies.set(true, 0)
		<-time.After(10 * time.Second)
		before := seen[1].count()
		quiet := seen[0].count()
		<-time.After(10 * time.Second)
		if n := seen[1].count() - before; n < 470 || seen[0].count() != quiet {
			t.Errorf("10 s after it was cut off, the other began %d in ten seconds, and it %d", n, seen[0].count()-quiet)
		}
		stopDies()
		stopLives()
		for name, r := range table.all() {
			if r.until.After(time.Now().Add(Window)) {
				t.Errorf("%s left, and its share lapses in %v", name, time.Until(r.until))
			}
		}
	})
}

// TestAtRestNothingIsDecided has members come, leave and be forgotten. Between that the
// heart renews what they have, and nobody decides.
func TestAtRestNothingIsDecided(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := &fakePool{rows: map[string]row{}}
		var ends []func()
		var budgets []*Budget
		keep := func(name string) {
			ctx, cancel := context.WithCancel(t.Context())
			b := NewBudget(49, time.Now)
			w := &way{fakePool: table}
			m := NewMember(w, heartbeat.New(w), "discord", name, b, time.Now, slog.New(slog.DiscardHandler))
			var keeping sync.WaitGroup
			keeping.Go(func() { m.Keep(ctx) })
			ends, budgets = append(ends, func() { cancel(); keeping.Wait() }), append(budgets, b)
		}
		rests := func(what string, shares ...int) {
			t.Helper()
			<-time.After(4 * ShareTTL)
			before := table.decisions()
			<-time.After(time.Hour)
			if n := table.decisions() - before; n != 0 {
				t.Errorf("%s: in an hour of rest there were %d decisions", what, n)
			}
			for i, want := range shares {
				if n, _ := budgets[i].Ahead(Window); n != want {
					t.Errorf("%s: share %d is %d, want %d", what, i, n, want)
				}
			}
		}
		keep("a")
		rests("alone", 49)
		keep("b")
		rests("two", 25, 24)
		keep("c")
		rests("three", 17, 16, 16)
		ends[0]()
		rests("the first has left", 0, 25, 24)
		table.mu.Lock()
		delete(table.rows, "c") // as an operator may, or a lapse while the machine slept
		table.mu.Unlock()
		rests("a row was lost", 0, 25, 24)
		ends[1]()
		ends[2]()
	})
}

// TestWhatIsUnderWayKeepsItsShare has another join while no request of the first
// is answered: each of them may yet reach the platform.
func TestWhatIsUnderWayKeepsItsShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := &fakePool{rows: map[string]row{}}
		ctx, cancel := context.WithCancel(t.Context())
		var keeping sync.WaitGroup
		keep := func(name string) *Budget {
			b := NewBudget(49, time.Now)
			w := &way{fakePool: table}
			m := NewMember(w, heartbeat.New(w), "discord", name, b, time.Now, slog.New(slog.DiscardHandler))
			keeping.Go(func() { m.Keep(ctx) })
			return b
		}
		first := keep("a")
		var answers []func()
		for range 49 {
			answered, err := first.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			answers = append(answers, answered)
		}
		second := keep("b")
		<-time.After(20 * time.Second)
		if n, _ := second.Ahead(Window); n != 0 {
			t.Errorf("%d may begin beside 49 that are under way", n)
		}
		for _, answered := range answers[:10] {
			answered()
		}
		<-time.After(10 * time.Second)
		if n, _ := second.Ahead(Window); n != 10 {
			t.Errorf("%d may begin beside 39 that are under way, want 10", n)
		}
		for _, answered := range answers[10:] {
			answered()
		}
		<-time.After(10 * time.Second)
		one, _ := first.Ahead(Window)
		other, _ := second.Ahead(Window)
		if one+other != 49 || other != 24 {
			t.Errorf("at rest the shares are %d and %d", one, other)
		}
		cancel()
		keeping.Wait()
	})
}
