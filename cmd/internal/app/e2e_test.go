package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sparkbot/bot/sandbox"
	"sparkbot/config"
	"sparkbot/store"
	"sparkbot/store/storetest"
)

// scene is a running bot between a database and a sandbox.
type scene struct {
	t      *testing.T
	url    string
	world  *sandbox.Sandbox
	app    *App
	clock  *clock // of the bot and of both platforms
	levers *panel
}

// stage starts a sandbox and the bot in front of it, with the page's project
// and every project of testdata stored.
func stage(t *testing.T, url string, http bool, more ...string) *scene {
	t.Helper()
	return stageWith(t, url, http, func(*sandbox.Sandbox) []string { return more })
}

// stageWith is stage with more in its environment, which wins.
func stageWith(t *testing.T, url string, http bool, more func(*sandbox.Sandbox) []string) *scene {
	t.Helper()
	return stageAt(t, url, http, &clock{}, (*scene).fill, more)
}

// stageAt is stageWith by a clock of its own, with what fill stores.
func stageAt(t *testing.T, url string, http bool, now *clock, fill func(*scene), more func(*sandbox.Sandbox) []string) *scene {
	t.Helper()
	levers := &panel{clock: now}
	world, err := sandbox.Start(sandbox.Options{Log: storetest.Log(t), Now: now.Now, Panel: levers})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = world.Close() })
	c, err := config.Load(config.Source{File: os.DevNull, Environ: append(environment(url, world, http), more(world)...)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	a, err := New(ctx, c, Options{Log: storetest.Log(t), Now: now.Now, Noticed: levers.noticed, Sent: levers.sent})
	if err != nil {
		stop()
		t.Fatal(err)
	}
	s := &scene{t: t, url: url, world: world, app: a, clock: now, levers: levers}
	fill(s)
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the bot ended with %v", err)
		}
		_ = a.Close()
	})
	if http {
		world.Discord().SendInteractionsTo("http://" + a.Addr() + "/discord/interactions")
		world.Slack().SendCommandsTo("http://"+a.Addr()+"/slack/commands", "http://"+a.Addr()+"/slack/interactivity")
	}
	if err := awaitReady(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the commands are registered", 10*time.Second, func() bool { return world.Discord().Registrations() > 0 })
	return s
}

// environment is what an operator sets for the sandbox.
func environment(url string, world *sandbox.Sandbox, http bool) []string {
	env := []string{
		"SPARKBOT_DATABASE_URL=" + url,
		"SPARKBOT_DISCORD_TOKEN=" + world.Discord().Token(),
		"SPARKBOT_DISCORD_API_URL=" + world.Discord().URL(),
		"SPARKBOT_SLACK_BOT_TOKEN=" + world.Slack().BotToken(),
		"SPARKBOT_SLACK_API_URL=" + world.Slack().URL(),
	}
	if http {
		return append(env, "SPARKBOT_HTTP_LISTEN=127.0.0.1:0",
			"SPARKBOT_DISCORD_PUBLIC_KEY="+world.Discord().PublicKey(),
			"SPARKBOT_SLACK_SIGNING_SECRET="+world.Slack().SigningSecret())
	}
	return append(env, "SPARKBOT_HTTP_LISTEN=off", "SPARKBOT_SLACK_APP_TOKEN="+world.Slack().AppToken())
}

// fill stores the sample, Session among it, and the real projects.
func (s *scene) fill() {
	s.t.Helper()
	if _, err := importSample(s.t.Context(), s.app.db, time.Now()); err != nil {
		s.t.Fatal(err)
	}
	s.fillReal(time.Now().AddDate(10, 0, 0))
}

// fillReal stores the real projects alone, as they were known at a time.
func (s *scene) fillReal(at time.Time) {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "projects.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	var document struct {
		Projects []map[string]any `json:"projects"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		s.t.Fatal(err)
	}
	for _, p := range document.Projects {
		moves, _ := p["moves"].([]any)
		p["moves"] = slices.DeleteFunc(moves, func(m any) bool {
			occurred, err := time.Parse(time.RFC3339, m.(map[string]any)["occurred_at"].(string))
			if err != nil {
				s.t.Fatal(err)
			}
			return occurred.After(at)
		})
	}
	known, err := json.Marshal(document)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := Import(s.t.Context(), s.app.db, bytes.NewReader(known)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) discordSays(channel, text string) sandbox.Message {
	s.t.Helper()
	answer, err := s.world.Discord().RunText(s.t.Context(), "ada", channel, text)
	if err != nil {
		s.t.Fatalf("Discord %s: %v", text, err)
	}
	return answer.Message
}

func (s *scene) slackSays(channel, text string) sandbox.Message {
	s.t.Helper()
	answer, err := s.world.Slack().RunText(s.t.Context(), "ada", channel, text)
	if err != nil {
		s.t.Fatalf("Slack %s: %v", text, err)
	}
	return answer.Message
}

// TestMainJob is the whole of the first release in one scene.
func TestMainJob(t *testing.T) {
	for _, way := range []struct {
		name string
		http bool
	}{{"gateway and Socket Mode", false}, {"signed HTTP", true}} {
		t.Run(way.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, url string) { mainJob(t, stage(t, url, way.http)) })
		})
	}
}

func mainJob(t *testing.T, s *scene) {
	discord, slack := s.world.Discord(), s.world.Slack()
	onDiscord, onSlack := discord.AddChannel("news"), slack.AddChannel("news")
	control := slack.AddChannel("control")

	for what, text := range map[string]string{
		"Discord": s.discordSays(onDiscord, "/sparkbot subscribe project:session").Text,
		"Slack":   s.slackSays(onSlack, "/spark subscribe session").Text,
	} {
		if !strings.Contains(text, "Session") || !strings.Contains(text, "sparks") {
			t.Errorf("%s does not echo the subscription: %q", what, text)
		}
	}
	s.slackSays(control, "/spark subscribe everything")

	count := func() (int, int) {
		return mentions(discord.Messages(onDiscord), "funded"), mentions(slack.Messages(onSlack), "funded")
	}
	storeSpark(t, s.url, "session", "funded")
	eventually(t, "the spark reaches both channels", 10*time.Second, func() bool {
		d, sl := count()
		return d == 1 && sl == 1
	})

	for what, text := range map[string]string{
		"Discord": s.discordSays(onDiscord, "/spark project:session").Text,
		"Slack":   s.slackSays(onSlack, "/spark session").Text,
	} {
		for _, want := range []string{"Session", "COMMS", "funded", "SPARK", "post-quantum"} {
			if !strings.Contains(text, want) {
				t.Errorf("the card on %s lacks %q:\n%s", what, want, text)
			}
		}
	}

	s.discordSays(onDiscord, "/sparkbot unsubscribe subscription:session")
	s.slackSays(onSlack, "/spark unsubscribe session")
	storeOldSpark(t, s.url, "session", "history", 73*time.Hour)
	storeSpark(t, s.url, "session", "unheard")
	eventually(t, "the control channel hears the second spark", 10*time.Second, func() bool {
		return mentions(slack.Messages(control), "unheard") == 1
	})
	if d, sl := mentions(discord.Messages(onDiscord), "unheard"), mentions(slack.Messages(onSlack), "unheard"); d+sl != 0 {
		t.Errorf("after unsubscribing, %d messages on Discord and %d on Slack", d, sl)
	}
	if n := mentions(slack.Messages(control), "history"); n != 0 {
		t.Errorf("what happened 73 hours ago is told %d times", n)
	}
	s.owedNothing(store.Discord, discord.Guild(), onDiscord)
	s.owedNothing(store.Slack, slack.Team(), onSlack)
	if d, sl := mentions(discord.Messages(onDiscord), "funded"), mentions(slack.Messages(onSlack), "funded"); d < 1 || sl < 1 {
		t.Errorf("the first alert is gone: %d on Discord, %d on Slack", d, sl)
	}
}

// owedNothing checks that a place has exactly one delivery, the first spark's.
func (s *scene) owedNothing(p store.Platform, workspace, channel string) {
	s.t.Helper()
	place, err := s.app.db.PlaceAt(s.t.Context(), p, workspace, channel)
	if err != nil {
		s.t.Fatal(err)
	}
	owed, err := s.app.db.Deliveries(s.t.Context(), place.ID, 10)
	if err != nil {
		s.t.Fatal(err)
	}
	if len(owed) != 1 || owed[0].State != store.StateSent {
		s.t.Errorf("%s %s has deliveries %+v, want the first spark alone", p, channel, owed)
	}
}

// mentions counts the alerts among the messages that hold the text.
func mentions(messages []sandbox.Message, text string) int {
	n := 0
	for _, m := range messages {
		if strings.Contains(m.Text, text) && !strings.Contains(m.Text, "Recent moves") {
			n++
		}
	}
	return n
}

// TestEveryCard asks for every stored project's card, in every view, on both
// platforms; the sandbox refuses what the platforms would.
func TestEveryCard(t *testing.T) {
	s := stage(t, storetest.SQLite(t), true)
	onDiscord, onSlack := s.world.Discord().AddChannel("cards"), s.world.Slack().AddChannel("cards")
	projects, err := s.app.db.Projects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(projects) != 21 {
		t.Fatalf("%d projects are stored, want the 20 real ones and Session", len(projects))
	}
	for _, p := range projects {
		for _, view := range []string{"card", "moves", "outlook", "why"} {
			d := s.discordSays(onDiscord, fmt.Sprintf("/spark project:%s view:%s", p.Slug, view))
			validate(t, d.Body)
			sl := s.slackSays(onSlack, fmt.Sprintf("/spark show %s %s", p.Slug, view))
			for what, text := range map[string]string{"Discord": d.Text, "Slack": sl.Text} {
				if !strings.Contains(text, p.Name) {
					t.Errorf("%s of %s on %s does not name it: %q", view, p.Slug, what, text)
				}
			}
		}
	}
}
