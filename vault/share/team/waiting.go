package team

import (
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/share"
)

// Waiting returns the devices that wait to be confirmed, as of the last synchronisation: for a window that shows them and must not wait
// for the storage. Errors: ErrNoShare, ErrRecord, vault.ErrLocked.
func (s *Service) Waiting(id share.VaultID) ([]share.Request, error) {
	var list []share.Request
	err := s.read(id, func(rec *record, _ *vault.Vault) error { list = rec.replica.Requests(); return nil })
	return list, err
}
