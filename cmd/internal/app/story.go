package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"sparkbot/bot"
	"sparkbot/bot/sandbox"
	"sparkbot/notify/compose"
	"sparkbot/store"
)

const (
	storyChannel = "releases"
	storyMember  = "ada"
	// storyWait bounds the wait for an alert; the contract promises 5 s.
	storyWait = 10 * time.Second
)

// story is the main job, acted out: members subscribe, another program stores a
// spark, and both channels hear of it.
type story struct {
	out     io.Writer
	world   *sandbox.Sandbox
	app     *App
	outside *outsider // the other program
}

func (s *story) say(format string, args ...any) { _, _ = fmt.Fprintf(s.out, format+"\n", args...) }

// tell plays the story from beginning to end.
func (s *story) tell(ctx context.Context, once bool) error {
	sum, err := importSample(ctx, s.app.db, s.app.now())
	if err != nil {
		return err
	}
	s.say("Stored     %d sample projects with %d moves; history alerts nobody.", sum.Projects(), sum.Moves())
	if err := awaitReady(ctx, s.app); err != nil {
		return err
	}
	s.say("Logged in  to a Discord and a Slack inside this program, with the real client libraries.")
	discord, slack, err := s.subscribe(ctx)
	if err != nil {
		return err
	}
	if err := s.spark(ctx, map[string]string{discord: "Discord", slack: "Slack"}); err != nil {
		return err
	}
	if once {
		return s.card(ctx, slack)
	}
	for _, show := range []func() error{
		func() error {
			_, err := s.world.Discord().RunText(ctx, storyMember, discord, "/spark project:session")
			return err
		},
		func() error { _, err := s.world.Slack().RunText(ctx, storyMember, slack, "/spark session"); return err },
	} {
		if err := show(); err != nil {
			return fmt.Errorf("ask for the card: %w", err)
		}
	}
	s.say("\nSee both channels and try commands such as /spark session:\n\n    %s\n\nCtrl-C ends the demo and leaves nothing behind.", s.world.URL())
	return nil
}

// subscribe has a member of each channel ask for everything.
func (s *story) subscribe(ctx context.Context) (discord, slack string, err error) {
	discord = s.world.Discord().AddChannel(storyChannel)
	slack = s.world.Slack().AddChannel(storyChannel)
	if _, err := s.world.Discord().RunText(ctx, storyMember, discord, "/sparkbot subscribe everything:true sparks:true digest:true"); err != nil {
		return "", "", fmt.Errorf("subscribe on Discord: %w", err)
	}
	if _, err := s.world.Slack().RunText(ctx, storyMember, slack, "/spark subscribe everything"); err != nil {
		return "", "", fmt.Errorf("subscribe on Slack: %w", err)
	}
	s.say("Subscribed #%s on Discord and #%s on Slack, by slash command.", storyChannel, storyChannel)
	return discord, slack, nil
}

// spark has another program store a move, and waits until every channel of names
// has it.
func (s *story) spark(ctx context.Context, names map[string]string) error {
	events := s.world.Events(ctx)
	stored := s.app.now()
	err := s.outside.store(ctx, written{
		Project: "session", Spark: true, Title: "Protocol V2 enters public testing",
		Summary: "Anyone can now try the rebuilt protocol, with forward secrecy and post-quantum keys, on a test network. (Made up for this demo.)",
		source:  "https://getsession.org/blog#demo-protocol-v2-testing",
	}, stored)
	if err != nil {
		return err
	}
	s.say("Stored     a spark of Session, by plain SQL from outside the bot.")
	limit := time.NewTimer(storyWait)
	defer limit.Stop()
	for len(names) > 0 {
		select {
		case e := <-events:
			if name, waiting := names[e.Channel]; waiting && e.Kind == "posted" {
				s.say("Posted     to #%s on %s after %d ms.", storyChannel, name, e.At.Sub(stored).Milliseconds())
				delete(names, e.Channel)
			}
		case <-limit.C:
			return fmt.Errorf("the spark did not reach every channel within %s", storyWait)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// card asks for the card as a member does, and prints it.
func (s *story) card(ctx context.Context, channel string) error {
	answer, err := s.world.Slack().RunText(ctx, storyMember, channel, "/spark session")
	if err != nil {
		return fmt.Errorf("ask for the card: %w", err)
	}
	if strings.TrimSpace(answer.Message.Text) == "" {
		return errors.New("the card came back empty")
	}
	reply := s.app.bot.Answer(ctx, bot.Request{
		ID: "demo", Platform: store.Slack, Workspace: s.world.Slack().Team(), Channel: channel, User: storyMember,
		Command: bot.Command{Verb: bot.Show, Project: "session", View: bot.ViewCard}, At: s.app.now(),
	})
	s.say("\n/spark session\n\n%s", compose.Plain(reply.Message, 78))
	return nil
}
