package bot

import (
	"strings"
	"testing"
	"time"

	"sparkbot/store"
)

// TestAPlaceThatIsGone is shown with its reason, and back after any command that
// manages it, as soon as the bot may post there.
func TestAPlaceThatIsGone(t *testing.T) {
	for _, command := range []string{"test", "mute 1d", "unmute", "subscribe river", "unsubscribe session"} {
		t.Run(command, func(t *testing.T) {
			k := newTalk(t)
			k.ask("subscribe session")
			k.w.Forget()
			k.w.MustExec("UPDATE moves SET spark = true")
			k.w.Tell(store.Sparks)
			k.w.GoAway(k.w.Now)
			_, list := k.ask("list")
			if !strings.Contains(list, "Alerts are stopped: the channel was archived. Mend that") {
				t.Errorf("the list says %q", list)
			}
			p, err := k.w.DB.PlaceAt(t.Context(), store.Slack, "T1", "C1")
			if err != nil || !p.Disabled() {
				t.Fatalf("the place is %+v (%v)", p, err)
			}
			k.ask(command)
			if p, err = k.w.DB.PlaceAt(t.Context(), store.Slack, "T1", "C1"); err != nil || p.Disabled() {
				t.Errorf("after %s the place is %+v (%v)", command, p, err)
			}
			owed, err := k.w.DB.Deliveries(t.Context(), p.ID, 10)
			if err != nil || owed[len(owed)-1].State != store.StateHeld || owed[len(owed)-1].DueAt.After(k.w.Now) {
				t.Errorf("it is owed %+v (%v)", owed, err)
			}
		})
	}
	t.Run("as long as the bot may not post it stays gone", func(t *testing.T) {
		k := newTalk(t)
		p, err := k.w.DB.EnsurePlace(t.Context(), store.Place{Platform: store.Slack, Workspace: "T1", Channel: "closed"})
		if err != nil {
			t.Fatal(err)
		}
		k.w.MustExec("UPDATE places SET disabled_at = created_at")
		k.ask("mute 1d", func(r *Request) { r.Channel = "closed" })
		if p, err = k.w.DB.Place(t.Context(), p.ID); err != nil || !p.Disabled() {
			t.Errorf("the place is %+v (%v)", p, err)
		}
		k.ask("list", func(r *Request) { r.Channel, r.At = "closed", time.Now() })
	})
}
