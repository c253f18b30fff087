// Package vault keeps the tokens of the workspaces that installed the app, and
// keeps them encrypted: what it hands to the database nobody can use without the
// operator's key, nor move to another workspace's row.
//
// It never opens a database itself, never shows a key or a token in an error,
// and does not know what a token is good for.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"sparkbot/store"
)

// KeySize is the length of a key in bytes, AES-256's.
const KeySize = 32

var (
	// ErrKey says that a token was encrypted with a key that is not in the ring.
	ErrKey = errors.New("encrypted with a key that is not in SPARKBOT_SECRET_KEY; add that key behind the present one, with a comma between")
	// ErrDamaged says that an encrypted token was changed, or belongs elsewhere.
	ErrDamaged = errors.New("the encrypted token was changed, or belongs to another workspace; install the app there again")
)

// Ring is a set of keys. The first encrypts; each of them decrypts what was
// encrypted with it. It is safe for concurrent use.
type Ring struct{ keys []key }

type key struct {
	id   string
	raw  []byte
	aead cipher.AEAD
}

// NewRing takes keys of KeySize bytes, the present one first.
func NewRing(keys ...[]byte) (*Ring, error) {
	if len(keys) == 0 {
		return nil, errors.New("a key is needed")
	}
	r := &Ring{}
	for _, raw := range keys {
		if len(raw) != KeySize {
			return nil, fmt.Errorf("a key of %d bytes; %d are needed", len(raw), KeySize)
		}
		block, err := aes.NewCipher(raw)
		if err != nil {
			return nil, fmt.Errorf("use a key: %w", err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("use a key: %w", err)
		}
		r.keys = append(r.keys, key{id: idOf(raw), raw: raw, aead: aead})
	}
	return r, nil
}

// idOf names a key by eight hexadecimal digits that tell nothing of it.
func idOf(raw []byte) string {
	mac := hmac.New(sha256.New, raw)
	mac.Write([]byte("sparkbot key id"))
	return hex.EncodeToString(mac.Sum(nil)[:4])
}

// Present is the id of the key that encrypts.
func (r *Ring) Present() string { return r.keys[0].id }

// Subkeys gives keys for another purpose, one from each key of the ring in its
// order: the first is to be used, each is to be accepted.
func (r *Ring) Subkeys(purpose string) ([][]byte, error) {
	all := make([][]byte, len(r.keys))
	for i, k := range r.keys {
		sub, err := hkdf.Key(sha256.New, k.raw, nil, "sparkbot "+purpose, KeySize)
		if err != nil {
			return nil, fmt.Errorf("derive a key: %w", err)
		}
		all[i] = sub
	}
	return all, nil
}

// seal encrypts a text that belongs to a workspace.
func (r *Ring) seal(plain, workspace string) store.Sealed {
	k := r.keys[0]
	text := k.aead.Seal(nil, nil, []byte(plain), bound(k.id, workspace)) //nolint:gosec // the AEAD chooses a random nonce itself and takes none
	return store.Sealed{KeyID: k.id, Text: base64.StdEncoding.EncodeToString(text)}
}

// open decrypts what seal gave, for the same workspace only.
func (r *Ring) open(s store.Sealed, workspace string) (string, error) {
	for _, k := range r.keys {
		if k.id != s.KeyID {
			continue
		}
		text, err := base64.StdEncoding.Strict().DecodeString(s.Text)
		if err != nil {
			return "", ErrDamaged
		}
		plain, err := k.aead.Open(nil, nil, text, bound(k.id, workspace))
		if err != nil {
			return "", ErrDamaged
		}
		return string(plain), nil
	}
	return "", fmt.Errorf("key %s: %w", s.KeyID, ErrKey)
}

// bound is what a sealed text is bound to beside its key: no database can move
// it to another row or name another key for it unnoticed.
func bound(keyID, workspace string) []byte {
	return []byte("sparkbot slack token v1\x00" + keyID + "\x00" + workspace)
}
