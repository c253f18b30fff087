package compose

// For tests that import rooms which import this one.
var (
	Structure = structure
	ReadBack  = readBack
)
