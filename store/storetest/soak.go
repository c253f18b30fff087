package storetest

import "os"

// Soak gives how long a story is told: short in `make test`, long in
// `make soak`, which sets SPARKBOT_TEST_SOAK.
func Soak[N any](short, long N) N {
	if os.Getenv("SPARKBOT_TEST_SOAK") != "" {
		return long
	}
	return short
}
