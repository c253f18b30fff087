package vault_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"sparkbot/store"
	"sparkbot/store/sqlstore"
	"sparkbot/store/storetest"
	"sparkbot/store/vault"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func key(b byte) []byte { return bytes.Repeat([]byte{b}, vault.KeySize) }

func ring(t testing.TB, keys ...[]byte) *vault.Ring {
	t.Helper()
	r, err := vault.NewRing(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// stage gives a vault on a fresh database, and the database.
func stage(t *testing.T, url string, keys ...[]byte) (*vault.Vault, *storetest.World) {
	t.Helper()
	w := storetest.NewWorld(t, url)
	return vault.New(w.DB, w.DB, ring(t, keys...), nil), w
}

func install(t *testing.T, v *vault.Vault, team, token string) {
	t.Helper()
	if err := v.Install(t.Context(), store.Installation{Workspace: team, Name: team, InstalledAt: time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)}, token); err != nil {
		t.Fatal(err)
	}
}

func TestTokensAreKeptEncryptedAndBoundToTheirWorkspace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		v, w := stage(t, url, key(1))
		install(t, v, "T1", "xoxb-hunter2")
		install(t, v, "T2", "xoxb-other")
		if _, token, err := v.Installation(t.Context(), "T1"); err != nil || token != "xoxb-hunter2" {
			t.Errorf("the token comes back as %q (%v)", token, err)
		}
		var stored string
		if err := w.Outside.QueryRowContext(t.Context(), "SELECT token FROM installations WHERE workspace = 'T1'").Scan(&stored); err != nil || strings.Contains(stored, "hunter2") || stored == "" {
			t.Errorf("the database holds %q (%v)", stored, err)
		}
		// Whoever can write the database moves one workspace's token to another.
		w.MustExec("UPDATE installations SET token = $1 WHERE workspace = 'T2'", stored)
		if _, token, err := v.Installation(t.Context(), "T2"); !errors.Is(err, vault.ErrDamaged) || token != "" {
			t.Errorf("a token that was moved opens as %q (%v)", token, err)
		}
		if _, _, err := v.Installation(t.Context(), "T3"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("where nothing is installed: %v", err)
		}
	})
}

func TestRotation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		old, w := stage(t, url, key(1))
		install(t, old, "T1", "xoxb-1")
		install(t, old, "T2", "xoxb-2")
		install(t, old, "T3", "xoxb-3")
		if err := old.Uninstall(t.Context(), "T3", "the app was removed"); err != nil {
			t.Fatal(err)
		}
		both := vault.New(w.DB, w.DB, ring(t, key(2), key(1)), nil)
		install(t, both, "T2", "xoxb-2b") // with the new key already
		if _, token, err := both.Installation(t.Context(), "T1"); err != nil || token != "xoxb-1" {
			t.Errorf("with both keys the old token is %q (%v)", token, err)
		}
		if r, err := both.Rotate(t.Context()); err != nil || r.Resealed != 1 || r.Present != 1 || r.Replaced != 0 {
			t.Errorf("the rotation came to %+v (%v)", r, err)
		}
		if r, err := both.Rotate(t.Context()); err != nil || r.Resealed != 0 || r.Present != 2 {
			t.Errorf("a second one came to %+v (%v)", r, err)
		}
		alone := vault.New(w.DB, w.DB, ring(t, key(2)), nil)
		for team, want := range map[string]string{"T1": "xoxb-1", "T2": "xoxb-2b"} {
			if _, token, err := alone.Installation(t.Context(), team); err != nil || token != want {
				t.Errorf("with the new key alone %s has %q (%v)", team, token, err)
			}
		}
		if _, _, err := old.Installation(t.Context(), "T1"); !errors.Is(err, vault.ErrKey) || !strings.Contains(err.Error(), "SPARKBOT_SECRET_KEY") {
			t.Errorf("with the old key alone: %v", err)
		}
		if _, err := old.Rotate(t.Context()); !errors.Is(err, vault.ErrKey) {
			t.Errorf("rotating without the key that is needed: %v", err)
		}
	})
}

func TestKeysMustBeWhole(t *testing.T) {
	for name, keys := range map[string][][]byte{"none": nil, "a short one": {[]byte("short")}, "a short second": {key(1), []byte("x")}} {
		if _, err := vault.NewRing(keys...); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	r := ring(t, key(1), key(2))
	subs, err := r.Subkeys("states")
	if err != nil || len(subs) != 2 || bytes.Equal(subs[0], subs[1]) || bytes.Equal(subs[0], key(1)) {
		t.Errorf("keys for another purpose: %x (%v)", subs, err)
	}
	if other, err := r.Subkeys("else"); err != nil || bytes.Equal(other[0], subs[0]) {
		t.Errorf("two purposes share a key (%v)", err)
	}
}

// TestNothingOpensWhatWasChanged flips single bytes of stored tokens.
func TestNothingOpensWhatWasChanged(t *testing.T) {
	records := &memory{}
	v := vault.New(records, records, ring(t, key(7)), nil)
	install(t, v, "T1", "xoxb-hunter2")
	whole := records.token.Text
	changed := func(at uint, to byte) bool {
		text := []byte(whole)
		i := int(at % uint(len(text)))
		if text[i] == to {
			return true
		}
		text[i] = to
		records.token.Text = string(text)
		_, token, err := v.Installation(t.Context(), "T1")
		return errors.Is(err, vault.ErrDamaged) && token == ""
	}
	if err := quick.Check(changed, nil); err != nil {
		t.Error(err)
	}
}

var _ vault.Records = (*sqlstore.Store)(nil)
