package yield

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// passes gives how long each of some asked-for passes took.
func passes(ctx context.Context, g *Gate, n int) []time.Duration {
	took := make([]time.Duration, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			began := time.Now()
			g.Pass(ctx)
			took[i] = time.Since(began)
		})
	}
	all.Wait()
	return took
}

func TestWorkGivesWayToWhoeverWaits(t *testing.T) {
	for _, c := range []struct {
		name string
		ask  func(*Gate) // begins before the work wants to pass
		want time.Duration
	}{
		{"nobody asks", func(*Gate) {}, 0},
		{"one is answered quickly", func(g *Gate) {
			answered := g.Asked()
			time.AfterFunc(2*time.Millisecond, answered)
		}, 2*time.Millisecond + Rest},
		{"another asks before the work goes on", func(g *Gate) {
			answered := g.Asked()
			time.AfterFunc(2*time.Millisecond, answered)
			time.AfterFunc(4*time.Millisecond, func() { time.AfterFunc(3*time.Millisecond, g.Asked()) })
		}, 7*time.Millisecond + Rest},
		{"one of two is still waiting", func(g *Gate) {
			first, second := g.Asked(), g.Asked()
			time.AfterFunc(time.Millisecond, first)
			time.AfterFunc(9*time.Millisecond, second)
		}, 9*time.Millisecond + Rest},
		{"a question takes long", func(g *Gate) { time.AfterFunc(time.Hour, g.Asked()) }, Patience},
		{"questions never cease", func(g *Gate) {
			go func() {
				for range 1000 {
					answered := g.Asked()
					time.Sleep(time.Millisecond)
					answered()
					time.Sleep(time.Millisecond)
				}
			}()
		}, Patience},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var g Gate
				c.ask(&g)
				synctest.Wait()
				for _, took := range passes(t.Context(), &g, 3) {
					if took != c.want {
						t.Errorf("the work waited %s, want %s", took, c.want)
					}
				}
				time.Sleep(2 * time.Hour)
				if g.Pass(t.Context()) {
					t.Error("the work gives way to nobody")
				}
			})
		})
	}
}

func TestAServiceThatStopsWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Gate
		answered := g.Asked()
		defer func() {
			answered()
			time.Sleep(time.Second)
		}()
		ctx, stop := context.WithTimeout(t.Context(), time.Millisecond)
		defer stop()
		for _, took := range passes(ctx, &g, 2) {
			if took != time.Millisecond {
				t.Errorf("the work waited %s", took)
			}
		}
	})
}
