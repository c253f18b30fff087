package bot

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/store"
	"sparkbot/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// access is a platform on which one channel is closed to the bot.
type access struct{}

func (access) CanPost(_ context.Context, _, channel string) error {
	if channel == "closed" {
		return errors.New("I am not in that channel; invite me with /invite @sparkbot.")
	}
	return nil
}

// talk is a conversation with the bot in one channel.
type talk struct {
	*testing.T
	w   *storetest.World
	bot *Bot
	id  int
}

func newTalk(t *testing.T) *talk {
	w := storetest.NewWorld(t, storetest.SQLite(t))
	w.Project("session", "COMMS", "privacy")
	w.Project("simplex-chat", "COMMS", "privacy")
	w.Project("simplex-sdk", "INFRA")
	w.Project("river", "DATA", "go")
	w.Move("session", "Funded")
	return &talk{T: t, w: w, bot: New(w.DB, Options{
		Access: map[store.Platform]Access{store.Slack: access{}}, Now: func() time.Time { return w.Now }, Log: storetest.Log(t),
	})}
}

// ask sends a command; change adjusts the request.
func (k *talk) ask(text string, change ...func(*Request)) (Reply, string) {
	k.Helper()
	c, err := Parse(text)
	if err != nil {
		k.Fatalf("%s: %v", text, err)
	}
	k.id++
	r := Request{ID: strings.Repeat("i", k.id), Platform: store.Slack, Workspace: "T1", Channel: "C1", User: "ada", Manager: true, Command: c, At: k.w.Now}
	for _, f := range change {
		f(&r)
	}
	reply := k.bot.Answer(k.Context(), r)
	return reply, reply.Message.Fallback + "\n" + compose.Plain(reply.Message, 1000)
}

func TestConversation(t *testing.T) {
	k := newTalk(t)
	guest := func(r *Request) { r.Manager = false }
	button := func(r *Request) { r.Button = true }
	for _, step := range []struct {
		text    string
		change  func(*Request)
		private bool
		want    []string
	}{
		{"", nil, true, []string{"Nothing yet", "/spark subscribe session", "/spark all"}},
		{"session", nil, false, []string{"Session", "COMMS", "Funded"}},
		{"session", button, true, []string{"Funded"}},
		{"SESS moves", nil, false, []string{"Session · Moves", "Funded"}},
		{"simplex", nil, true, []string{"Several projects begin with “simplex”: simplex-chat, simplex-sdk", "[Simplex-chat]"}},
		{"sesion", nil, true, []string{"There is no project “sesion”. Did you mean session?", "[Session]"}},
		{"nonesuch-at-all", nil, true, []string{"There is no project “nonesuch-at-all”. The list"}},
		{"all", nil, false, []string{"All projects", "River", "[Card]"}},
		{"all category:comms sort:name", nil, false, []string{"COMMS projects", "Session", "Simplex-chat"}},
		{"all tag:go", nil, false, []string{"All projects tagged go", "River"}},
		{"movers", nil, false, []string{"Movers of the last 7 days", "Of 4 projects 1 began.", "new  Session", "Funded", "[picture: What moved most.", "[Last 28 days]"}},
		{"movers 28d page:9", button, true, []string{"Movers of the last 28 days", "[Last 7 days]"}},
		{"session card", nil, false, []string{"[picture: Velocity of Session over 26 weeks: 2.2, new."}},
		{"session why", nil, false, []string{"Funded", "If nothing happens, next week's score is"}},
		{"subscribe session", guest, true, []string{"Only admins and owners"}},
		{"list", nil, true, []string{"Nothing yet"}},
		{"subscribe session", func(r *Request) { r.Channel = "closed" }, true, []string{"Nothing was changed", "invite me with /invite"}},
		{"subscribe sessio", nil, true, []string{"Subscribed", "Session", "sparks, the weekly digest", "The next weekly digest comes on", "09:00 UTC", "Does another time suit"}},
		{"subscribe tag:PRIVACY moves -simplex-c", nil, true, []string{"hears of tag:privacy: all moves", "Left out: simplex-chat", "The next weekly digest comes on"}},
		{"subscribe category:COMS", nil, true, []string{"No project has the category “COMS”", "COMMS"}},
		{"subscribe everything -nobody", nil, true, []string{"Nothing was changed", "no project “nobody”"}},
		{"list", nil, true, []string{"• session: sparks, the weekly digest", "• tag:privacy: all moves; without simplex-chat"}},
		{"list workspace", func(r *Request) { r.Channel = "C2" }, true, []string{"#C1", "• session"}},
		{"list workspace", func(r *Request) { r.Workspace = "T2" }, true, []string{"No channel is subscribed yet"}},
		{"mute 1d session", nil, true, []string{"Alerts of Session are muted until", "UTC", "[Unmute]"}},
		{"list", nil, true, []string{"Session is muted until"}},
		{"unmute", nil, true, []string{"Unmuted. What was held comes now, in one message."}},
		{"unmute", nil, true, []string{"Nothing is muted"}},
		{"mute 2h drop", nil, true, []string{"Alerts here are muted until", "What comes meanwhile is dropped."}},
		{"quiet", nil, true, []string{"There are no quiet hours here", "/spark quiet 20:00-08:00 Europe/Berlin"}},
		{"quiet 20:00-08:00 Europe/Berlin", guest, true, []string{"Only admins and owners"}},
		{"quiet 20:00-08:00 Berln", nil, true, []string{"is no time zone I know, so nothing was changed", "[Europe/Berlin]"}},
		{"quiet 20:00-19:59 berlin", nil, true, []string{
			"Done. Alerts are quiet here every day from 20:00 to 19:59 Europe/Berlin; what comes meanwhile is told in one message at 19:59.",
			"[Drop instead]", "[Turn it off]",
		}},
		{"quiet 0:00-23:59 drop", nil, true, []string{"from 00:00 to 23:59 Europe/Berlin; what comes meanwhile is dropped", "[Catch up instead]"}},
		{"list", nil, true, []string{"Everything is muted until", "Europe/Berlin. What comes meanwhile is dropped.", "Alerts are quiet here every day from 00:00 to 23:59 Europe/Berlin"}},
		{"quiet off", nil, true, []string{"Done. There are no quiet hours here."}},
		{"quiet off", nil, true, []string{"There are no quiet hours here."}},
		{"unmute", nil, true, []string{"Unmuted"}},
		{"only sparks session", guest, true, []string{"Only admins and owners"}},
		{"only sparks river", nil, true, []string{"Nothing was changed: no subscription of this channel lets moves of River through"}},
		{"only sparks session", button, true, []string{
			"Of Session this channel hears only sparks from now on.", "• tag:privacy: sparks; without simplex-chat", "wider than Session", "[All moves of tag:privacy again]", "digest",
		}},
		{"only sparks session", nil, true, []string{"Nothing was changed"}},
		{"subscribe tag:privacy moves -simplex-chat", nil, true, []string{"tag:privacy: all moves"}},
		{"test", nil, true, []string{"on its way"}},
		{"unsubscribe river", nil, true, []string{"no subscription to river", "subscribed to session, tag:privacy"}},
		{"unsubscribe Sess", nil, true, []string{"no longer hears of session", "It is subscribed to tag:privacy", "No weekly digest comes"}},
		{"unsubscribe all", nil, true, []string{"1 subscription ended"}},
		{"help", nil, true, []string{"/spark mute 3d"}},
		{"help mute", func(r *Request) { r.Platform = store.Discord }, true, []string{"/sparkbot mute for:3d"}},
		{"help flying", nil, true, []string{"no help on “flying”"}},
	} {
		reply, text := k.ask(step.text, func(r *Request) {
			if step.change != nil {
				step.change(r)
			}
		})
		if reply.Private != step.private {
			t.Errorf("/spark %s: private %v, want %v", step.text, reply.Private, step.private)
		}
		for _, want := range step.want {
			if !strings.Contains(text, want) {
				t.Errorf("/spark %s does not say %q:\n%s", step.text, want, text)
			}
		}
	}
}

func TestATestIsQueuedOncePerRequest(t *testing.T) {
	k := newTalk(t)
	for range 2 {
		k.ask("test", func(r *Request) { r.ID = "same" })
	}
	p, err := k.w.DB.PlaceAt(t.Context(), store.Slack, "T1", "C1")
	if err != nil {
		t.Fatal(err)
	}
	if d, err := k.w.DB.Deliveries(t.Context(), p.ID, 10); err != nil || len(d) != 1 || d[0].Kind != store.DeliveryTest {
		t.Errorf("the queue holds %+v (%v)", d, err)
	}
	if _, text := k.ask("test", func(r *Request) { r.Channel = "closed" }); !strings.Contains(text, "cannot post") {
		t.Errorf("a test where the bot may not post says %q", text)
	}
}

func TestACommandThatFailsSaysSoWithoutDetails(t *testing.T) {
	k := newTalk(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	reply := k.bot.Answer(ctx, Request{Platform: store.Slack, Command: Command{Verb: All}})
	if !reply.Private || !strings.Contains(reply.Message.Fallback, "went wrong on our side") {
		t.Errorf("the reply is %+v", reply)
	}
}

func TestComplete(t *testing.T) {
	k := newTalk(t)
	k.ask("subscribe session")
	k.ask("subscribe everything")
	r := Request{Platform: store.Slack, Workspace: "T1", Channel: "C1"}
	for _, tc := range []struct{ kind, typed, want string }{
		{CompleteProject, "simp", "simplex-chat simplex-sdk"},
		{CompleteProject, "rvr", "river"},
		{CompleteCategory, "", "COMMS DATA INFRA"},
		{CompleteTag, "p", "privacy"},
		{CompleteSubscription, "", "session everything all"},
	} {
		var got []string
		for _, c := range k.bot.Complete(t.Context(), tc.kind, tc.typed, r) {
			got = append(got, c.Value)
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%s %q completes to %v, want %s", tc.kind, tc.typed, got, tc.want)
		}
	}
	r.Channel = "elsewhere"
	if got := k.bot.Complete(t.Context(), CompleteSubscription, "", r); len(got) != 0 {
		t.Errorf("a channel without subscriptions is offered %v", got)
	}
}

// TestEveryButtonIsACommand presses what replies offer.
func TestEveryButtonIsACommand(t *testing.T) {
	k := newTalk(t)
	for _, text := range []string{"", "session", "session why", "all", "sesion", "subscribe category:COMS", "subscribe session", "subscribe everything moves", "mute 1d", "quiet 20:00-08:00", "quiet 1:00-2:00 Berln", "only sparks session", "help", "digest", "digest Europe/Berln", "digest preview", "digest now"} {
		reply, _ := k.ask(text)
		for _, b := range reply.Message.Blocks {
			var buttons []notify.Button
			switch b := b.(type) {
			case notify.Actions:
				buttons = b.Buttons
			case notify.Text:
				if b.Button != nil {
					buttons = []notify.Button{*b.Button}
				}
			}
			for _, button := range buttons {
				if button.Command == "" {
					continue
				}
				if _, said := k.ask(button.Command, func(r *Request) { r.Button = true }); strings.Contains(said, "went wrong") {
					t.Errorf("pressing %s after /spark %s: %s", button.Label, text, said)
				}
			}
		}
	}
}
