package vault

// Recipient is the public half of the key of this vault, an age recipient "age1pq1…" of about 1,960 bytes, for whoever wants to encrypt
// something that this vault opens (OpenBeside), such as a code pack. Errors: ErrLocked.
func (m *Manager) Recipient() (string, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.open == nil {
		return "", ErrLocked
	}
	return m.open.key.Recipient(), nil
}
