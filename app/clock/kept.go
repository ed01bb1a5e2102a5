package clock

// Kept is what the system says about its own clock.
type Kept int

// The answers of SystemKeeps.
const (
	KeptUnknown Kept = iota // the system does not say
	KeptRight               // set by a time service
	KeptByNobody
)
