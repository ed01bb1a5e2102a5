package transfer

// textSources is the shapes that can be told from what a text holds: names of JSON members, of preferences, of columns.
func textSources() []source {
	return []source{}
}
