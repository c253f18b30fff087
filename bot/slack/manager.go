package slack

import (
	"context"
	"errors"
	"net/url"
	"time"

	"sparkbot/bot"
	"sparkbot/notify"
)

const (
	// rankFor is how long a member's rank is taken to be what it was.
	rankFor  = time.Minute
	maxRanks = 10_000 // members
)

// rank is what Slack said of a member.
type rank struct {
	manager bool
	until   time.Time
}

// manager reports whether a member may change what a channel hears. Slack is
// asked only where rank can matter; an error is a sentence for the member.
func (c *Client) manager(ctx context.Context, team, user string, verb bot.Verb) (bool, error) {
	if c.managers != ManagersAdmins {
		return true, nil
	}
	if open(verb) {
		return false, nil
	}
	member := team + " " + user // ids are unique within a workspace
	if known, ok := c.ranked(member); ok {
		return known, nil
	}
	var info struct {
		User struct {
			IsAdmin bool `json:"is_admin"`
			IsOwner bool `json:"is_owner"`
		} `json:"user"`
	}
	if _, err := c.ask(ctx, team, "users.info", url.Values{"user": {user}}, &info); err != nil {
		c.log.Error("Slack did not say whether a member is an admin", "error", err)
		if f, ok := errors.AsType[*notify.Failure](err); ok && codeOf(err) == "missing_scope" {
			return false, errors.New("I cannot see who is an admin: " + f.Reason + ".")
		}
		return false, errors.New("Slack did not say whether you are an admin; please try again in a minute.")
	}
	is := info.User.IsAdmin || info.User.IsOwner
	c.rank(member, is)
	return is, nil
}

// open reports whether a verb is known to change nothing, so that nobody's rank
// matters. It decides only whether Slack is asked; what a member may do is for
// the bot to say, and a verb missing here costs a question.
func open(v bot.Verb) bool {
	switch v {
	case bot.Overview, bot.Show, bot.All, bot.List, bot.Help:
		return true
	default:
		return false
	}
}

func (c *Client) ranked(member string) (manager, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, there := c.ranks[member]
	return r.manager, there && c.now().Before(r.until)
}

func (c *Client) rank(member string, manager bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ranks) >= maxRanks {
		clear(c.ranks)
	}
	c.ranks[member] = rank{manager, c.now().Add(rankFor)}
}
