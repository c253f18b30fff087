package app

import (
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"sparkbot/bot/sandbox"
	"sparkbot/config"
	"sparkbot/store"
	"sparkbot/store/storetest"
)

// hears waits until a tenant's channel has heard of a title, in whatever message.
func (h *tenants) hears(p store.Platform, where tenant, title string) {
	h.t.Helper()
	eventually(h.t, where.name+" on "+string(p)+" hears of "+title, 20*time.Second, func() bool {
		return mentions(h.posted(p, where), title) == 1
	})
}

// stopped waits until a tenant's place is disabled for a reason.
func (h *tenants) stopped(p store.Platform, where tenant, reason string) {
	h.t.Helper()
	eventually(h.t, where.name+" on "+string(p)+" is stopped", 20*time.Second, func() bool {
		place, err := h.app.db.PlaceAt(h.t.Context(), p, where.workspace, where.channel)
		return err == nil && place.Disabled() && strings.Contains(place.DisabledReason, reason)
	})
}

// TestAWorkspaceLeavesAndReturnsAlone tells how one workspace removes the app
// and installs it again while the other goes on hearing.
func TestAWorkspaceLeavesAndReturnsAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := houseTwo(t, url)
		slack := h.world.Slack()
		owner, stranger := h.owner[store.Slack], h.stranger[store.Slack]
		second := owner
		second.channel = slack.AddChannelIn(owner.workspace, "owner-second-room")
		for _, one := range []tenant{owner, second, stranger} {
			h.mustSay(store.Slack, one, "/spark subscribe session")
		}
		if err := slack.Uninstall(t.Context(), owner.workspace); err != nil {
			t.Fatal(err)
		}
		h.stopped(store.Slack, owner, "install it there again")
		h.stopped(store.Slack, second, "install it there again")
		storeSpark(t, url, "session", "while-removed")
		h.hears(store.Slack, stranger, "while-removed")
		if n := len(h.posted(store.Slack, owner)); n != 0 {
			t.Errorf("a workspace that removed the app was sent %d messages", n)
		}
		h.install(owner.workspace)
		for _, one := range []tenant{owner, second} {
			h.hears(store.Slack, one, "while-removed") // what was missed
		}
		storeSpark(t, url, "session", "after-return")
		for _, one := range []tenant{owner, second, stranger} {
			h.hears(store.Slack, one, "after-return")
		}

		// Now no event tells of it: the first message finds out, for all channels.
		slack.RemoveSilently(owner.workspace)
		storeSpark(t, url, "session", "silently-removed")
		h.stopped(store.Slack, owner, "install it again")
		h.stopped(store.Slack, second, "install it again")
		h.hears(store.Slack, stranger, "silently-removed")
		h.install(owner.workspace)
		h.hears(store.Slack, owner, "silently-removed")
	})
}

// TestAServerLeavesAndReturnsAlone is the same on Discord, over HTTP, where no
// event tells.
func TestAServerLeavesAndReturnsAlone(t *testing.T) {
	h := houseTwo(t, storetest.SQLite(t))
	discord := h.world.Discord()
	owner, stranger := h.owner[store.Discord], h.stranger[store.Discord]
	second := owner
	second.channel = discord.AddChannelIn(owner.workspace, "owner-second-room")
	for _, one := range []tenant{owner, second, stranger} {
		h.mustSay(store.Discord, one, "/sparkbot subscribe project:session")
	}
	discord.RemoveBot(owner.workspace)
	storeSpark(t, h.url, "session", "while-removed")
	h.hears(store.Discord, stranger, "while-removed")
	h.stopped(store.Discord, owner, "removed from the server")
	h.stopped(store.Discord, second, "removed from the server")
	discord.ReturnBot(owner.workspace)
	h.mustSay(store.Discord, owner, "/sparkbot test")
	storeSpark(t, h.url, "session", "after-return")
	for _, one := range []tenant{owner, second, stranger} {
		h.hears(store.Discord, one, "after-return")
	}
}

// TestTheDoctorLooksAtEveryWorkspace has one token refused among two.
func TestTheDoctorLooksAtEveryWorkspace(t *testing.T) {
	h := houseTwo(t, storetest.SQLite(t))
	owner, stranger := h.owner[store.Slack].workspace, h.stranger[store.Slack].workspace
	h.world.Slack().RemoveSilently(owner)
	c, err := config.Load(config.Source{File: os.DevNull, Environ: append(environment(h.url, h.world, true),
		"SPARKBOT_SLACK_BOT_TOKEN=", "SPARKBOT_SLACK_CLIENT_ID="+h.world.Slack().ClientID(), "SPARKBOT_SLACK_CLIENT_SECRET=hunter2",
		"SPARKBOT_HTTP_PUBLIC_URL="+h.front.URL, "SPARKBOT_SECRET_KEY=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	healthy := Doctor(t.Context(), c, &out)
	for line := range strings.Lines(out.String()) {
		switch {
		case strings.Contains(line, owner) && !strings.Contains(line, "FAILED"), strings.Contains(line, stranger) && strings.Contains(line, "FAILED"):
			t.Errorf("the doctor says %s", line)
		}
	}
	if healthy || !strings.Contains(out.String(), owner) || !strings.Contains(out.String(), stranger) || !strings.Contains(out.String(), "oauth2/authorize?client_id=") {
		t.Errorf("the doctor says:\n%s", out.String())
	}
}

// TestOneTokenHearsAgainAfterAReplacement starts with a token that works where
// an earlier one was revoked.
func TestOneTokenHearsAgainAfterAReplacement(t *testing.T) {
	url := storetest.SQLite(t)
	w := storetest.NewWorld(t, url)
	world, err := sandbox.Start(sandbox.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = world.Close() }()
	place, err := w.DB.EnsurePlace(t.Context(), store.Place{Platform: store.Slack, Workspace: world.Slack().Team(), Channel: "C1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.DB.CloseWorkspace(t.Context(), store.Workspace{Platform: store.Slack, ID: place.Workspace}, w.Now, "the app's token was revoked"); err != nil {
		t.Fatal(err)
	}
	stageWith(t, url, true, func(own *sandbox.Sandbox) []string {
		return []string{"SPARKBOT_SLACK_BOT_TOKEN=" + world.Slack().BotToken(), "SPARKBOT_SLACK_API_URL=" + world.Slack().URL()}
	})
	eventually(t, "the workspace hears again", 10*time.Second, func() bool {
		now, err := w.DB.PlaceAt(t.Context(), place.Platform, place.Workspace, place.Channel)
		return err == nil && !now.Disabled()
	})
}
