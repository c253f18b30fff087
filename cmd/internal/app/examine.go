package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"sparkbot/bot"
	"sparkbot/store"
	"sparkbot/store/sqlstore"
)

// discord examines the application and its token.
func (d *doctor) discord(ctx context.Context) (accepted bool) {
	client := d.app.discord
	if client == nil {
		return false
	}
	if !d.check(ctx, "discord token", client.Accepted) {
		return false
	}
	d.check(ctx, "discord intents", client.Intents)
	d.check(ctx, "discord commands", client.Routed)
	if link, err := client.InstallLink(ctx); err == nil {
		d.line("add to Discord", link)
	}
	return true
}

// slack examines the app and its tokens.
func (d *doctor) slack(ctx context.Context, ready bool) (accepted bool) {
	client := d.app.slack
	switch {
	case client == nil:
		return false
	case !d.c.Slack.OAuth():
		if !d.check(ctx, "slack token", client.Accepted) {
			return false
		}
		d.check(ctx, "slack scopes", func(ctx context.Context) error { return client.Granted(ctx, "") })
		return true
	case !d.check(ctx, "slack", client.Accepted) || !ready:
		return false
	}
	all, err := d.app.db.Installations(ctx)
	if err != nil {
		d.say("slack installs", err)
		return false
	}
	for _, i := range all {
		if i.RemovedAt.IsZero() && d.check(ctx, "slack "+i.Workspace, func(ctx context.Context) error { return client.AcceptedIn(ctx, i.Workspace) }) {
			d.check(ctx, "scopes "+i.Workspace, func(ctx context.Context) error { return client.Granted(ctx, i.Workspace) })
		}
	}
	return true
}

// mostPlaces is how many subscribed places are asked for.
const mostPlaces = 200

// places asks of every place that subscribed whether the bot may post there.
func (d *doctor) places(ctx context.Context, accepted map[store.Platform]bool) {
	places, err := d.app.db.Subscribed(ctx, mostPlaces)
	if err != nil {
		d.say("places", err)
		return
	}
	access := map[store.Platform]bot.Access{}
	if d.app.discord != nil {
		access[store.Discord] = d.app.discord
	}
	if d.app.slack != nil {
		access[store.Slack] = d.app.slack
	}
	asked, refused := 0, 0
	for _, p := range places {
		if !accepted[p.Platform] || strings.HasPrefix(p.Channel, "@") {
			continue
		}
		asked++
		one, cancel := context.WithTimeout(ctx, examineTimeout)
		if err := access[p.Platform].CanPost(one, p.Workspace, p.Channel); err != nil {
			refused++
			d.say(string(p.Platform)+" place", fmt.Errorf("channel %s of %s: %w", p.Channel, p.Workspace, err))
		}
		cancel()
	}
	if asked > 0 && refused == 0 {
		d.line("places", fmt.Sprintf("ok      the bot may post in all %d that subscribed", asked))
	}
	if len(places) == mostPlaces {
		d.line("note", fmt.Sprintf("only the first %d places were asked for", mostPlaces))
	}
}

// skewed is how far a clock may be off. Slack refuses what is 5 minutes off, and
// so do we; a digest may come a minute late.
const skewed = 30 * time.Second

// clocks compares ours with the database's and the platforms'.
func (d *doctor) clocks(ctx context.Context, db *sqlstore.Store) {
	if db.Dialect() != "sqlite" {
		d.check(ctx, "database clock", func(ctx context.Context) error {
			return d.skew("the database's", func() (time.Time, error) { return db.Clock(ctx) })
		})
	}
	ask := func(name, address string) {
		d.check(ctx, name+" clock", func(ctx context.Context) error {
			return d.skew(name+"'s", func() (time.Time, error) { return dateOf(ctx, address) })
		})
	}
	if d.c.Discord.Enabled() {
		ask("discord", d.c.Discord.APIURL+"/api/v10/gateway")
	}
	if d.c.Slack.Enabled() {
		ask("slack", d.c.Slack.APIURL+"api.test")
	}
}

// skew compares our clock with another, taking the middle of the question for the
// moment of its answer.
func (d *doctor) skew(whose string, other func() (time.Time, error)) error {
	before := d.now()
	at, err := other()
	if err != nil {
		return err
	}
	after := d.now()
	middle := before.Add(after.Sub(before) / 2)
	if off := middle.Sub(at); off.Abs() > skewed+after.Sub(before) {
		return fmt.Errorf("this machine's clock is %s off %s; let it be set by the network (`timedatectl set-ntp true`)", off.Round(time.Second), whose)
	}
	return nil
}

// dateOf reads the Date header of whatever a server answers.
func dateOf(ctx context.Context, address string) (time.Time, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return time.Time{}, fmt.Errorf("ask for the time: %w", err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return time.Time{}, fmt.Errorf("ask for the time: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	at, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return time.Time{}, errors.New("the server does not tell the time, so this machine's clock is not compared; a proxy may stand between")
	}
	return at, nil
}

// web examines the address at which the outside reaches the bot.
func (d *doctor) web(ctx context.Context) {
	public := d.c.HTTP.PublicURL
	if public == "" {
		return
	}
	d.check(ctx, "public address", func(ctx context.Context) error {
		if !strings.HasPrefix(public, "https://") && d.c.Slack.OAuth() {
			return errors.New("http.public_url must begin with https://: Slack redirects to nothing else")
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, public+"/healthz", nil)
		if err != nil {
			return fmt.Errorf("ask %s: %w", public, err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return fmt.Errorf("%w; start `sparkbot serve`, and see that http.public_url leads to http.listen", err)
		}
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(io.LimitReader(resp.Body, 1000))
		if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(text), `"status":"ok"`) {
			return fmt.Errorf("%s/healthz is answered by something else (%s); see that http.public_url leads to http.listen", public, resp.Status)
		}
		return nil
	})
}
