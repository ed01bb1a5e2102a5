package cli

// clockState is what the system says about its own clock.
type clockState int

const (
	clockUnknown clockState = iota // the system does not say
	clockKept                      // set by a time service
	clockDrifts                    // nobody sets it
)
