package transfer

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/transfer/appdb"
)

// databaseSources are the databases that apps keep inside, as people with a rooted phone or a backup of it have them. Which
// app's it is shows in the names of its tables and columns, which stand in the file as text.
var databaseSources = []source{
	databaseOf("microsoft", "Microsoft Authenticator", readMicrosoftDB, "accounts", "oath_secret_key"),
	databaseOf("stratum", "Stratum", readStratumDB, "authenticator", "ranking", "username"),
	databaseOf("authplus", "Authenticator Plus", readAuthPlusDB, "accounts", "original_name", "category"),
	databaseOf("google", "Google Authenticator", readGoogleDB, "accounts", "email", "secret", "counter"),
	{
		name:  "GNOME Authenticator",
		sniff: func(in *input) bool { return isDatabaseWith(in, "accounts", "providers", "token_id") },
		open: func(context.Context, *input) (opened, error) {
			return opened{}, fmt.Errorf("%w: its database holds names only, the keys are in the system's keyring; make a backup in the app", ErrRestricted)
		},
	},
}

func isDatabaseWith(in *input, words ...string) bool {
	if !appdb.Recognise(in.data) {
		return false
	}
	for _, w := range words {
		if !bytes.Contains(in.data, []byte(w)) {
			return false
		}
	}
	return true
}

// databaseOf is a source for a database in which all of the words occur.
func databaseOf(id, name string, read func(context.Context, *appdb.Database) (Result, error), words ...string) source {
	return source{
		id: id, name: name,
		sniff: func(in *input) bool { return isDatabaseWith(in, words...) },
		open: func(_ context.Context, in *input) (opened, error) {
			return plain(func(ctx context.Context) (Result, error) { return readDatabase(ctx, in.data, read) }), nil
		},
	}
}

func readDatabase(ctx context.Context, data []byte, read func(context.Context, *appdb.Database) (Result, error)) (Result, error) {
	db, err := appdb.Open(ctx, data)
	if err != nil {
		return Result{}, ofDatabase(err)
	}
	defer db.Close()
	r, err := read(ctx, db)
	if err != nil {
		r.Wipe()
		return Result{}, ofDatabase(err)
	}
	return r, nil
}

// ofDatabase is an error of package appdb as one of this package.
func ofDatabase(err error) error {
	switch {
	case errors.Is(err, appdb.ErrTooLarge):
		return fmt.Errorf("%w: the database", ErrTooLarge)
	case errors.Is(err, appdb.ErrNoTable):
		return fmt.Errorf("%w: the database lacks the table with the accounts", ErrDamaged)
	case errors.Is(err, appdb.ErrKey):
		return ErrPassphrase
	case errors.Is(err, appdb.ErrDamaged), errors.Is(err, appdb.ErrNotDatabase):
		return fmt.Errorf("%w: the database", ErrDamaged)
	}
	return err
}

// each adds the rows of a table.
func (g *gather) each(db *appdb.Database, table string, columns []string, add func(appdb.Row)) error {
	return db.Rows(g.ctx, table, columns, func(r appdb.Row) bool {
		add(r)
		return g.err == nil
	})
}

// numberIn is a column with a whole number.
func numberIn(r appdb.Row, column string) number { return parseNumber(r.Text(column)) }

// readGoogleDB reads Google Authenticator's "databases" file: accounts(email, secret, counter, type 0 totp 1 hotp, issuer,
// original_name). Newer versions encrypt the secret with a key that stays in the phone, and mark it.
func readGoogleDB(ctx context.Context, db *appdb.Database) (Result, error) {
	g := newGather(ctx)
	err := g.each(db, "accounts", []string{"email", "secret", "counter", "type", "issuer", "original_name", "isencrypted"}, func(r appdb.Row) {
		issuer, name := r.Text("issuer"), r.Text("email")
		if name == "" {
			name = r.Text("original_name")
		}
		if numberIn(r, "isencrypted").or(0) != 0 {
			g.skip(title(issuer, name), "Its key is encrypted by the phone. Use Transfer accounts in Google Authenticator instead, and import the codes it shows.")
			return
		}
		d := draft{kind: otp.TOTP, issuer: issuer, name: name, key: r.Text("secret")}
		switch numberIn(r, "type").or(0) {
		case 0:
		case 1:
			d.kind, d.counter = otp.HOTP, numberIn(r, "counter")
		default:
			g.skip(title(issuer, name), notSupported)
			return
		}
		g.add(d)
	})
	if err != nil {
		return g.result, err
	}
	return g.done()
}

// readMicrosoftDB reads Microsoft Authenticator's PhoneFactor database. Account types: 0 other services (base32), 1 a
// personal Microsoft account (base64, 8 digits), others work and school accounts, which are no one-time passwords.
func readMicrosoftDB(ctx context.Context, db *appdb.Database) (Result, error) {
	const push = "Microsoft's own sign-in approvals cannot be moved. Add Tallystick at the portal as another authenticator app."
	g := newGather(ctx)
	err := g.each(db, "accounts", []string{"name", "username", "oath_secret_key", "account_type", "encrypted_oath_secret_key"}, func(r appdb.Row) {
		issuer, name, key := r.Text("name"), r.Text("username"), strings.TrimSpace(r.Text("oath_secret_key"))
		d := draft{kind: otp.TOTP, issuer: issuer, name: name, key: key}
		kind := numberIn(r, "account_type").or(0)
		switch {
		case key == "" && r.Text("encrypted_oath_secret_key") != "":
			g.skip(title(issuer, name), "Its key is encrypted by the phone. Set the account up again at the portal.")
			return
		case kind != 0 && kind != 1, kind == 1 && key == "":
			g.skip(title(issuer, name), push)
			return
		case kind == 1:
			raw, err := base64.StdEncoding.DecodeString(key)
			if err != nil || len(raw) == 0 {
				g.skip(title(issuer, name), "The key is mistyped or damaged.")
				return
			}
			d.bytes, d.digits = secret.New(raw), whole(8)
		}
		g.add(d)
	})
	if err != nil {
		return g.result, err
	}
	return g.done()
}

// readStratumDB reads the database of Stratum, formerly Authenticator Pro.
func readStratumDB(ctx context.Context, db *appdb.Database) (Result, error) {
	g := newGather(ctx)
	names, tags, icons := map[string]string{}, map[string][]string{}, map[string][]byte{}
	for _, t := range []struct {
		name    string
		columns []string
		add     func(appdb.Row)
	}{
		{"category", []string{"id", "name"}, func(r appdb.Row) { names[r.Text("id")] = r.Text("name") }},
		{"authenticatorcategory", []string{"categoryId", "authenticatorSecret"}, func(r appdb.Row) {
			key := r.Text("authenticatorSecret")
			tags[key] = append(tags[key], names[r.Text("categoryId")])
		}},
		{"customicon", []string{"id", "data"}, func(r appdb.Row) { icons["@"+r.Text("id")] = r.Bytes("data") }},
	} {
		if err := g.each(db, t.name, t.columns, t.add); err != nil && !errors.Is(err, appdb.ErrNoTable) {
			return Result{}, err
		}
	}
	columns := []string{"type", "icon", "issuer", "username", "secret", "pin", "algorithm", "digits", "period", "counter"}
	err := g.each(db, "authenticator", columns, func(r appdb.Row) {
		g.addStratum(stratumRow{
			kind: numberIn(r, "type"), algorithm: numberIn(r, "algorithm"), issuer: r.Text("issuer"), username: r.Text("username"),
			secret: r.Text("secret"), pin: r.Text("pin"),
			digits: numberIn(r, "digits"), period: numberIn(r, "period"), counter: numberIn(r, "counter"),
		}, extra{tags: tags[r.Text("secret")], icon: iconFrom("", icons[r.Text("icon")])})
	})
	if err != nil {
		return g.result, err
	}
	return g.done()
}

// readAuthPlusDB reads the database of Authenticator Plus: accounts(email, secret, counter, type 0 totp 1 hotp 2 Blizzard,
// issuer, original_name, category). Digits, period and algorithm are not kept.
func readAuthPlusDB(ctx context.Context, db *appdb.Database) (Result, error) {
	const blizzard = 2
	g := newGather(ctx)
	err := g.each(db, "accounts", []string{"email", "secret", "counter", "type", "issuer", "original_name", "category"}, func(r appdb.Row) {
		d := draft{kind: otp.TOTP, issuer: r.Text("issuer"), name: r.Text("email"), key: r.Text("secret")}
		if before, after, ok := strings.Cut(r.Text("original_name"), ":"); ok && d.issuer == "" {
			d.issuer = strings.TrimSpace(before)
			if d.name == "" {
				d.name = strings.TrimSpace(after)
			}
		}
		if c := r.Text("category"); c != "" && !strings.EqualFold(c, "All Accounts") {
			d.tags = []string{c}
		}
		switch numberIn(r, "type").or(0) {
		case 0:
		case 1:
			d.kind, d.counter = otp.HOTP, numberIn(r, "counter")
		case blizzard:
			raw, err := hex.DecodeString(strings.TrimSpace(d.key))
			if err != nil || len(raw) == 0 {
				g.skip(title(d.issuer, d.name), "The key is mistyped or damaged.")
				return
			}
			d.bytes, d.digits = secret.New(raw), whole(8)
			if d.issuer == "" {
				d.issuer = "Blizzard"
			}
		default:
			g.skip(title(d.issuer, d.name), notSupported)
			return
		}
		g.add(d)
	})
	if err != nil {
		return g.result, err
	}
	return g.done()
}

// authPlusSealed is the backup of Authenticator Plus as an SQLCipher database. It has no mark of its own.
var authPlusSealed = source{
	id: "authplus", name: "Authenticator Plus",
	sniff: func(in *input) bool { return in.text == nil && appdb.MaybeSQLCipher(in.data) && looksRandom(in.data) },
	open: func(_ context.Context, in *input) (opened, error) {
		d, err := pbkdf2Of(sha1.New, in.data[:appdb.CipherSalt], appdb.CipherRounds, appdb.CipherKey)
		if err != nil {
			return opened{}, err
		}
		return opened{encrypted: true, cost: d.cost, read: func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
			key, err := d.key(ctx, passphrase)
			if err != nil {
				return Result{}, err
			}
			defer key.Wipe()
			open, err := appdb.Decrypt(in.data, key.Reveal())
			if err != nil {
				return Result{}, ofDatabase(err)
			}
			defer clear(open)
			return readDatabase(ctx, open, readAuthPlusDB)
		}}, nil
	},
}
