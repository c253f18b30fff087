package vault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sparkbot/store"
)

// Records is where installations and their encrypted tokens are kept.
type Records interface {
	PutInstallation(ctx context.Context, i store.Installation, token store.Sealed) error
	Installation(ctx context.Context, workspace string) (store.Installation, store.Sealed, error)
	Installations(ctx context.Context) ([]store.Installation, error)
	RemoveInstallation(ctx context.Context, workspace string, at time.Time, reason string) error
	Reseal(ctx context.Context, workspace string, present, anew store.Sealed) (bool, error)
}

// Places stops and starts what a whole workspace hears.
type Places interface {
	CloseWorkspace(ctx context.Context, w store.Workspace, at time.Time, reason string) (int, error)
	OpenWorkspace(ctx context.Context, w store.Workspace) (int, error)
}

// Vault keeps Slack installations. It is safe for concurrent use.
type Vault struct {
	records Records
	places  Places
	ring    *Ring
	now     func() time.Time
}

// New makes a Vault; now is time.Now when nil.
func New(records Records, places Places, ring *Ring, now func() time.Time) *Vault {
	if now == nil {
		now = time.Now
	}
	return &Vault{records: records, places: places, ring: ring, now: now}
}

// Install keeps a token in place of an earlier one of the workspace, and lets
// the workspace's places hear again.
func (v *Vault) Install(ctx context.Context, i store.Installation, token string) error {
	if i.Workspace == "" || token == "" {
		return errors.New("an installation has a workspace and a token")
	}
	if err := v.records.PutInstallation(ctx, i, v.ring.seal(token, i.Workspace)); err != nil {
		return err
	}
	_, err := v.places.OpenWorkspace(ctx, store.Workspace{Platform: store.Slack, ID: i.Workspace})
	return err
}

// Installation gives an installation and its token, or store.ErrNotFound where
// the app is not installed.
func (v *Vault) Installation(ctx context.Context, workspace string) (store.Installation, string, error) {
	i, sealed, err := v.records.Installation(ctx, workspace)
	if err != nil {
		return i, "", err
	}
	token, err := v.ring.open(sealed, workspace)
	if err != nil {
		return i, "", fmt.Errorf("the token of workspace %s: %w", workspace, err)
	}
	return i, token, nil
}

// Uninstall forgets the token of a workspace and stops what its places hear, for
// a reason in words.
func (v *Vault) Uninstall(ctx context.Context, workspace, reason string) error {
	now := v.now()
	if err := v.records.RemoveInstallation(ctx, workspace, now, reason); err != nil {
		return err
	}
	_, err := v.places.CloseWorkspace(ctx, store.Workspace{Platform: store.Slack, ID: workspace}, now, reason)
	return err
}

// Rotation is what Rotate came to.
type Rotation struct {
	Key      string // the id of the present key
	Present  int    // tokens that were encrypted with it already
	Resealed int
	Replaced int // stored anew by somebody else meanwhile
}

// Rotate encrypts with the present key whatever is encrypted with another. It
// ends at the first token it cannot open; what came before stays done, and it
// can be run again.
func (v *Vault) Rotate(ctx context.Context) (Rotation, error) {
	r := Rotation{Key: v.ring.Present()}
	all, err := v.records.Installations(ctx)
	if err != nil {
		return r, err
	}
	for _, i := range all {
		_, sealed, err := v.records.Installation(ctx, i.Workspace)
		if errors.Is(err, store.ErrNotFound) {
			continue // the app was removed, and the token with it
		}
		if err != nil {
			return r, err
		}
		if sealed.KeyID == r.Key {
			r.Present++
			continue
		}
		token, err := v.ring.open(sealed, i.Workspace)
		if err != nil {
			return r, fmt.Errorf("the token of workspace %s (%s): %w", i.Workspace, i.Name, err)
		}
		done, err := v.records.Reseal(ctx, i.Workspace, sealed, v.ring.seal(token, i.Workspace))
		switch {
		case err != nil:
			return r, err
		case done:
			r.Resealed++
		default:
			r.Replaced++
		}
	}
	return r, nil
}
