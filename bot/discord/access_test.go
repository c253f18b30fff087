package discord

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A server with the id 1 and a bot with the id 9, whose role is 5.
const (
	view, send, sendThreads, administrator = 1 << 10, 1 << 11, 1 << 38, 1 << 3

	everyone, botRole, otherRole, theBot = "1", "5", "6", "9"
)

func TestCanPost(t *testing.T) {
	rule := func(id string, allow, deny int64) string {
		return fmt.Sprintf(`{"id":%q,"type":0,"allow":"%d","deny":"%d"}`, id, allow, deny)
	}
	channel := func(kind int, rules ...string) string {
		return fmt.Sprintf(`{"id":"2","type":%d,"guild_id":"1","parent_id":"3","permission_overwrites":[%s]}`, kind, strings.Join(rules, ","))
	}
	for _, tc := range []struct {
		name    string
		all     int64 // what @everyone may in the server
		role    int64 // what the bot's role may
		channel string
		parent  string
		problem string
	}{
		{"a plain channel", view | send, 0, channel(0), "", ""},
		{"rights by the bot's role", 0, view | send, channel(5), "", ""},
		{"a server that hides everything", send, 0, channel(0), "", "View Channel"},
		{"a channel to read only", view | send, 0, channel(0, rule(everyone, 0, send)), "", "Send Messages"},
		{"to read only, but for the bot's role", view | send, 0, channel(0, rule(everyone, 0, send), rule(botRole, send, 0)), "", ""},
		{"a role's yes outweighs a role's no", view | send, 0, channel(0, rule(botRole, send, send)), "", ""},
		{"a role the bot has not", view | send, 0, channel(0, rule(everyone, 0, view), rule(otherRole, view, 0)), "", "View Channel"},
		{"the bot's own no comes last", view | send, 0, channel(0, rule(theBot, 0, send), rule(botRole, send, 0)), "", "Send Messages"},
		{"the bot's own yes comes last", view | send, 0, channel(0, rule(theBot, view, 0), rule(botRole, 0, view)), "", ""},
		{"an administrator may all", 0, administrator, channel(0, rule(everyone, 0, view|send)), "", ""},
		{"a thread", view | sendThreads, 0, channel(11), channel(0), ""},
		{"a thread where only channels may be written", view | send, 0, channel(11), channel(0), "Send Messages in Threads"},
		{"a thread of a channel that is hidden", view | sendThreads, 0, channel(11), channel(0, rule(everyone, 0, view)), "View Channel"},
		{"a locked thread", view | sendThreads, 0, strings.Replace(channel(11), `{`, `{"thread_metadata":{"locked":true},`, 1), channel(0), "locked"},
		{"a forum", view | send, 0, channel(15), "", "takes no messages"},
		{"a category", view | send, 0, channel(4), "", "takes no messages"},
		{"another server's channel", view | send, 0, `{"id":"2","type":0,"guild_id":"4"}`, "", "no channel of this server"},
		{"a channel the bot cannot see", view | send, 0, `{"code":50001,"message":"Missing Access"}`, "", "View Channel"},
		{"a channel that was deleted", view | send, 0, `{"code":10003,"message":"Unknown Channel"}`, "", "does not exist"},
		{"a channel Discord cannot tell of", view | send, 0, `<html>`, "", ""},
		{"a role list Discord cannot tell of", -1, 0, channel(0), "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			answers := map[string]string{
				"/users/@me":          `{"id":"9"}`,
				"/channels/2":         tc.channel,
				"/channels/3":         tc.parent,
				"/guilds/1/roles":     fmt.Sprintf(`[{"id":"1","permissions":"%d"},{"id":"5","permissions":"%d"},{"id":"6","permissions":"8"}]`, tc.all, tc.role),
				"/guilds/1/members/9": `{"roles":["5"]}`,
			}
			if tc.all < 0 {
				answers["/guilds/1/roles"] = `{"code":40333,"message":"internal network error"}`
			}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body := answers[strings.TrimPrefix(r.URL.Path, "/api/v10")]
				if strings.HasPrefix(body, `{"code"`) || strings.HasPrefix(body, "<") {
					w.WriteHeader(http.StatusForbidden)
				}
				_, _ = fmt.Fprint(w, body)
			}))
			defer server.Close()
			c, err := New(Options{Token: "t", APIURL: server.URL})
			if err != nil {
				t.Fatal(err)
			}
			err = c.CanPost(t.Context(), "1", "2")
			switch {
			case tc.problem == "" && err != nil:
				t.Errorf("CanPost says no: %v", err)
			case tc.problem != "" && (err == nil || !strings.Contains(err.Error(), tc.problem)):
				t.Errorf("CanPost says %v, want %q in it", err, tc.problem)
			}
		})
	}
	for _, id := range []string{"", "C024BE91L", "1/messages", "123456789012345678901"} {
		if err := client(t).CanPost(t.Context(), "1", id); err == nil {
			t.Errorf("%q is taken for a channel", id)
		}
	}
}
