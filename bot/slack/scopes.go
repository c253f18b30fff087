package slack

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Granted reports which of Scopes the app lacks in a workspace; an empty one is
// that of the configured token. Where Slack does not say what was granted nothing
// is missing.
func (c *Client) Granted(ctx context.Context, team string) error {
	if team == "" {
		team = c.ourTeam()
	}
	var who identity
	a, err := c.ask(ctx, team, "auth.test", url.Values{}, &who)
	if err != nil {
		return err
	}
	return lacking(a.Header("X-OAuth-Scopes"))
}

func lacking(granted string) error {
	if granted == "" {
		return nil
	}
	has := strings.FieldsFunc(granted, func(r rune) bool { return r == ',' || r == ' ' })
	var missing []string
	for _, s := range Scopes {
		if !slices.Contains(has, s) {
			missing = append(missing, s)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("the app was installed without %s; add them under OAuth & Permissions, Bot Token Scopes (or paste docs/slack-manifest.yaml again), and reinstall the app", strings.Join(missing, ", "))
}
