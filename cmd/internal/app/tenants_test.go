package app

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sparkbot/bot/sandbox"
	"sparkbot/bot/slack"
	"sparkbot/store"
)

// tenants are two workspaces on each platform behind one bot: the owner's, full
// of what nobody else may see, and the stranger's.
type tenants struct {
	*scene
	front           *httptest.Server // where the outside reaches the bot
	owner, stranger map[store.Platform]tenant
}

// tenant is a workspace or server and a channel in it.
type tenant struct{ workspace, channel, name string }

// platforms are both, for tests that do the same on each.
var platforms = []store.Platform{store.Discord, store.Slack}

// houseTwo starts the bot for many workspaces and lets two move in.
func houseTwo(t *testing.T, url string) *tenants {
	t.Helper()
	var address atomic.Value
	front := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = "http", address.Load().(string)
	}})
	t.Cleanup(front.Close)
	s := stageWith(t, url, true, func(world *sandbox.Sandbox) []string {
		return []string{
			"SPARKBOT_SLACK_BOT_TOKEN=", "SPARKBOT_SLACK_CLIENT_ID=" + world.Slack().ClientID(), "SPARKBOT_SLACK_CLIENT_SECRET=" + world.Slack().ClientSecret(),
			"SPARKBOT_HTTP_PUBLIC_URL=" + front.URL, "SPARKBOT_SECRET_KEY=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
		}
	})
	address.Store(s.app.Addr())
	s.world.Discord().SetGlobalLimit(1 << 20)
	s.world.Slack().SetChannelLimit(false)
	s.world.Slack().SendEventsTo(front.URL + "/slack/events")
	h := &tenants{scene: s, front: front}
	h.owner, h.stranger = h.moveIn("owner"), h.moveIn("stranger")
	return h
}

// moveIn installs the bot in a workspace and adds it to a server.
func (h *tenants) moveIn(name string) map[store.Platform]tenant {
	h.t.Helper()
	onSlack, onDiscord := h.world.Slack(), h.world.Discord()
	team, guild := onSlack.AddTeam(name), onDiscord.AddGuild(name)
	h.install(team)
	return map[store.Platform]tenant{
		store.Slack:   {team, onSlack.AddChannelIn(team, name+"-slack-room"), name},
		store.Discord: {guild, onDiscord.AddChannelIn(guild, name+"-discord-room"), name},
	}
}

// install goes through the install pages with a browser.
func (h *tenants) install(team string) {
	h.t.Helper()
	h.world.Slack().NextConsent(sandbox.Consent{Team: team})
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, h.front.URL+slack.InstallPath, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	resp, err := (&http.Client{Jar: jar}).Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		h.t.Fatalf("installing ends with status %d", resp.StatusCode)
	}
}

// say has a member of a tenant type a command and gives the answer.
func (h *tenants) say(p store.Platform, where tenant, text string) (sandbox.Answer, error) {
	ctx, cancel := context.WithTimeout(h.t.Context(), 20*time.Second)
	defer cancel()
	if p == store.Discord {
		return h.world.Discord().RunText(ctx, where.name, where.channel, text)
	}
	return h.world.Slack().RunTextFrom(ctx, where.workspace, where.name, where.channel, text)
}

// mustSay is say that ends the test when nobody answers.
func (h *tenants) mustSay(p store.Platform, where tenant, text string) sandbox.Answer {
	h.t.Helper()
	a, err := h.say(p, where, text)
	if err != nil {
		h.t.Fatalf("%s on %s: %v", text, p, err)
	}
	return a
}

// posted gives what stands in a tenant's channel.
func (h *tenants) posted(p store.Platform, where tenant) []sandbox.Message {
	if p == store.Discord {
		return h.world.Discord().Messages(where.channel)
	}
	return h.world.Slack().Messages(where.channel)
}

// kept dumps all that is stored of a tenant's places, table by table, whatever
// tables there are.
func (h *tenants) kept(p store.Platform, where tenant) string {
	h.t.Helper()
	db, err := openOutside(h.url)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var dump strings.Builder
	places := fmt.Sprintf("SELECT id FROM places WHERE platform = '%s' AND workspace = '%s'", p, where.workspace)
	dump.WriteString(rows(h.t, db, "SELECT * FROM places WHERE id IN ("+places+") ORDER BY id"))
	for _, table := range h.tablesWith(db, "place_id") {
		dump.WriteString(table + "\n" + rows(h.t, db, "SELECT * FROM "+table+" WHERE place_id IN ("+places+") ORDER BY 1, 2"))
	}
	return dump.String()
}

// tablesWith names the tables that have a column.
func (h *tenants) tablesWith(db *sql.DB, column string) []string {
	h.t.Helper()
	query := "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = $1 ORDER BY m.name"
	if !strings.HasPrefix(h.url, "sqlite:") {
		query = "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = $1 ORDER BY table_name"
	}
	found, err := db.QueryContext(h.t.Context(), query, column)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = found.Close() }()
	var names []string
	for found.Next() {
		var name string
		if err := found.Scan(&name); err != nil {
			h.t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := found.Err(); err != nil {
		h.t.Fatal(err)
	}
	return names
}

// rows writes every row of a query as JSON, a line each.
func rows(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	found, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = found.Close() }()
	columns, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for found.Next() {
		cells := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := found.Scan(into...); err != nil {
			t.Fatal(err)
		}
		row := map[string]string{}
		for i, name := range columns {
			if text, ok := cells[i].([]byte); ok {
				cells[i] = string(text)
			}
			row[name] = fmt.Sprint(cells[i])
		}
		line, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(line, '\n'))
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// settled reports that nothing of a tenant is on its way any more.
func (h *tenants) settled(p store.Platform, where tenant) bool {
	h.t.Helper()
	dump := h.kept(p, where)
	return !strings.Contains(dump, `"state":"waiting"`) && !strings.Contains(dump, `"state":"sending"`)
}

// each goes through a map in a fixed order.
func each[V any](m map[store.Platform]V, do func(store.Platform, V)) {
	for _, p := range slices.Sorted(maps.Keys(m)) {
		do(p, m[p])
	}
}
