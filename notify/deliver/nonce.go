package deliver

import (
	"strconv"

	"sparkbot/store"
)

// Nonce names a delivery on its platform: the same at every attempt, and at
// most 25 characters, which is what Discord allows. The second of its creation
// is part of it, so that a database made anew, whose ids begin at 1 again, is
// not taken for the old one by a platform that drops repeated nonces.
func Nonce(d store.Delivery) string {
	nonce := strconv.AppendInt(append(make([]byte, 0, 32), 's'), d.ID, 36)
	if !d.CreatedAt.IsZero() {
		nonce = strconv.AppendInt(append(nonce, '-'), d.CreatedAt.Unix(), 36)
	}
	return string(nonce)
}
