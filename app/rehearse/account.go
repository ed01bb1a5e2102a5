package rehearse

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/big"
	"strings"
	"time"
)

// practicePassword is the password of every practice account. The sign-in page shows it.
const practicePassword = "only-practice"

// account is the one account of a practice portal; a login that several people share is one account as well.
type account struct {
	counts
	app      *authenticator     // nil: none
	email    bool               // codes by e-mail
	phone    string             // codes by SMS go there; "" = none
	recovery *[sha256.Size]byte // of the recovery key that was handed out last; nil: none, or used
}

// protected reports whether a sign-in has a second step.
func (a *account) protected() bool { return a.app != nil || a.email || a.phone != "" }

// newAuthenticator draws a key.
func (r *Rehearsal) newAuthenticator() (*authenticator, error) {
	key := make([]byte, keyBytes)
	if _, err := io.ReadFull(r.rand, key); err != nil {
		return nil, err
	}
	return &authenticator{key: key, used: map[int64]bool{}}, nil
}

// newToken is the name of a session.
func (r *Rehearsal) newToken() (string, error) {
	b := make([]byte, 16)
	_, err := io.ReadFull(r.rand, b)
	return hex.EncodeToString(b), err
}

// newDigits is a code to be sent.
func (r *Rehearsal) newDigits() (string, error) { return r.draw("0123456789", 6) }

// newRecoveryKey is one long key of letters and digits.
func (r *Rehearsal) newRecoveryKey(length int) (string, error) {
	return r.draw("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", length)
}

func (r *Rehearsal) draw(alphabet string, n int) (string, error) {
	b := make([]byte, n)
	for i := range b {
		k, err := rand.Int(r.rand, big.NewInt(int64(len(alphabet))))
		if err != nil {
			return "", err
		}
		b[i] = alphabet[k.Int64()]
	}
	return string(b), nil
}

// squeezed leaves out what people put between the groups of a code or key.
func squeezed(typed string) string {
	return strings.NewReplacer(" ", "", "-", "", "\u00a0", "", "\t", "", "\r", "", "\n", "").Replace(typed)
}

// fingerprint is what a portal keeps of a recovery key.
func fingerprint(key string) *[sha256.Size]byte {
	sum := sha256.Sum256([]byte(squeezed(key)))
	return &sum
}

// sentCode is a code on its way to the mailbox or phone.
type sentCode struct {
	purpose, code string
	until         time.Time
}

// sentLife is how long a code that was sent is accepted.
const sentLife = 10 * time.Minute

// message is one e-mail or SMS.
type message struct {
	Portal, Name string // id and name of the portal
	To           string
	Text, Code   string
	At           time.Time
	sms          bool
}

// send puts a fresh code into the mailbox, or onto the phone, and remembers it for the visitor. A code sent before is dead.
func (v *visit) send(purpose string, sms bool) error {
	code, err := v.r.newDigits()
	if err != nil {
		return err
	}
	v.s.sent = &sentCode{purpose: purpose, code: code, until: v.now.Add(sentLife)}
	m := message{Portal: v.p.id, Name: v.p.guide.Name, To: v.p.user, Text: "Your verification code is", Code: code, At: v.now, sms: sms}
	if sms {
		m.To, m.Text = v.p.account.phone, "Your token is"
	}
	v.r.messages = append(v.r.messages, m)
	if n := len(v.r.messages); n > maxMessages {
		v.r.messages = v.r.messages[n-maxMessages:]
	}
	return nil
}

// takeSent accepts a code that was sent for this purpose, once.
func (v *visit) takeSent(purpose, code string) bool {
	s := v.s.sent
	if s == nil || s.purpose != purpose || s.code != code || v.now.After(s.until) {
		return false
	}
	v.s.sent = nil
	return true
}

// checkApp judges a code of an authenticator and counts it. The sentence says why it was refused, "" when it was accepted.
func (v *visit) checkApp(app *authenticator, code string) (refusal string) {
	switch verdict, drift := app.check(code, v.now); verdict {
	case accepted:
		v.p.account.Accepted++
		v.p.account.LastDrift = drift
		return ""
	case reused:
		v.p.account.Refused++
		return refusedReused
	default:
		v.p.account.Refused++
		return refusedWrong
	}
}

// Refusals, as the pages say them.
const (
	refusedSignIn   = "The user name or the password is not right."
	refusedWrong    = "This code is not right. It changes every 30 seconds: type the one shown now."
	refusedReused   = "This code was used already. Wait for the next one."
	refusedSent     = "This code is not right, or it is too old. Send a new one."
	refusedPassword = "The password is not right."
	refusedRecovery = "This Recovery Key is not right, or it was used already."
	refusedEmail    = "Your e-mail address must be verified before two-factor authentication can be turned on."
)
