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
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

const (
	storyChannel = "releases"
	storyMember  = "ada"
	storyProject = "session"
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
	data    string    // an import file to begin with, or empty for the sample
	kept    string    // the directory that outlives the demo, or empty
	project store.Project
}

func (s *story) say(format string, args ...any) { _, _ = fmt.Fprintf(s.out, format+"\n", args...) }

// tell plays the story from beginning to end. Where an earlier run has told it,
// the channels are as they were left.
func (s *story) tell(ctx context.Context, once bool) error {
	told := len(s.world.Discord().Channels()) > 0
	if err := s.begin(ctx, told); err != nil {
		return err
	}
	if err := awaitReady(ctx, s.app); err != nil {
		return err
	}
	s.say("Logged in  to a Discord and a Slack inside this program, with the real client libraries.")
	if !told {
		if err := s.act(ctx, once); err != nil || once {
			return err
		}
	}
	end := "Ctrl-C ends the demo and leaves nothing behind."
	if s.kept != "" {
		end = fmt.Sprintf("Ctrl-C ends the demo; --keep %s goes on from here, --reset as well starts anew.", s.kept)
	}
	s.say("\nSee both channels, try commands such as /spark %s, and pull the levers:\n\n    %s\n\n%s", s.project.Slug, s.world.URL(), end)
	return nil
}

// begin stores projects and moves, and finds the project the story is about:
// Session, or the fastest there is.
func (s *story) begin(ctx context.Context, told bool) error {
	switch {
	case s.data != "":
		sum, err := importFile(ctx, s.app.db, s.data)
		if err != nil {
			return err
		}
		s.say("Stored     %d projects with %d moves of %s; history alerts nobody.", sum.Projects(), sum.Moves(), s.data)
	case told:
		s.say("Kept       %s as it was left.", s.kept)
	default:
		sum, err := importSample(ctx, s.app.db, s.app.now())
		if err != nil {
			return err
		}
		s.say("Stored     %d sample projects with %d moves; history alerts nobody.", sum.Projects(), sum.Moves())
	}
	projects, err := s.app.db.Projects(ctx)
	if err != nil {
		return err
	}
	pulse, err := s.app.db.Pulse(ctx)
	if err != nil {
		return err
	}
	best := -1.0
	for _, p := range projects {
		v := velocity.Read(p, pulse[p.ID], s.app.now()).Value
		if p.Slug == storyProject {
			v = velocity.Max + 1
		}
		if v > best {
			s.project, best = p, v
		}
	}
	if best < 0 {
		return errors.New("there is no project to show; give --data a file that holds one")
	}
	return nil
}

// act is the story itself.
func (s *story) act(ctx context.Context, once bool) error {
	discord, slack, err := s.subscribe(ctx)
	if err != nil {
		return err
	}
	if !once {
		if _, err := s.world.Discord().RunText(ctx, storyMember, discord, "/spark project:"+s.project.Slug); err != nil {
			return fmt.Errorf("ask for the card on Discord: %w", err)
		}
		if _, err := s.world.Slack().RunText(ctx, storyMember, slack, "/spark "+s.project.Slug); err != nil {
			return fmt.Errorf("ask for the card on Slack: %w", err)
		}
	}
	if err := s.spark(ctx, map[string]string{discord: "Discord", slack: "Slack"}); err != nil {
		return err
	}
	if err := s.digest(ctx, discord, slack); err != nil || !once {
		return err
	}
	return s.card(ctx, slack)
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
	news := written{Project: s.project.Slug, Spark: true, Title: "A spark that was made up for this demo", Summary: "Stored by another program, with plain SQL."}
	if s.project.Slug == storyProject {
		news.Title, news.source = "Protocol V2 enters public testing", "https://getsession.org/blog#demo-protocol-v2-testing"
		news.Summary = "Anyone can now try the rebuilt protocol, with forward secrecy and post-quantum keys, on a test network. (Made up for this demo.)"
	}
	if err := s.outside.store(ctx, news, stored); err != nil {
		return err
	}
	s.say("Stored     a spark of %s, by plain SQL from outside the bot.", s.project.Name)
	return s.await(ctx, events, names, "Posted", stored)
}

// await says when every channel of names has its message, and how long after
// since.
func (s *story) await(ctx context.Context, events <-chan sandbox.Event, names map[string]string, what string, since time.Time) error {
	limit := time.NewTimer(storyWait)
	defer limit.Stop()
	for len(names) > 0 {
		select {
		case e := <-events:
			if name, waiting := names[e.Channel]; waiting && e.Kind == "posted" {
				s.say("%-10s to #%s on %s after %d ms.", what, storyChannel, name, e.At.Sub(since).Milliseconds())
				delete(names, e.Channel)
			}
		case <-limit.C:
			return fmt.Errorf("what was awaited (%s) did not reach every channel within %s", what, storyWait)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// card asks for the card as a member does, and prints it.
func (s *story) card(ctx context.Context, channel string) error {
	answer, err := s.world.Slack().RunText(ctx, storyMember, channel, "/spark "+s.project.Slug)
	if err != nil {
		return fmt.Errorf("ask for the card: %w", err)
	}
	if strings.TrimSpace(answer.Message.Text) == "" {
		return errors.New("the card came back empty")
	}
	reply := s.app.bot.Answer(ctx, bot.Request{
		ID: "demo", Platform: store.Slack, Workspace: s.world.Slack().Team(), Channel: channel, User: storyMember,
		Command: bot.Command{Verb: bot.Show, Project: s.project.Slug, View: bot.ViewCard}, At: s.app.now(),
	})
	s.say("\n/spark %s\n\n%s", s.project.Slug, compose.Plain(reply.Message, 78))
	return nil
}
