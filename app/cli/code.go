package cli

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
)

// clearAfter is how long a copied code stays on the clipboard.
const clearAfter = 30 * time.Second

type codeOptions struct {
	at          string
	next        bool
	copy        bool
	json        bool
	showSecrets bool
}

func (r *run) codeCommand() *cobra.Command {
	var o codeOptions
	cmd := &cobra.Command{
		Use:   "code [QUERY]",
		Short: "Show codes: one match prints the code, several a table",
		Long: `Show codes. One match prints just the code, several print a table.

QUERY is an id, the beginning of one (4 digits or more), or words that all occur
in the issuer, the name or the tags. No query means every account.

A HOTP account counts instead of following the clock: named alone, its code is
used up by showing it. --at and --next do not go with one.`,
		Args: maxArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.code(cmd.Context(), first(args), o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.at, "at", "", "the code at a `TIME` such as 2026-01-31T12:00:00Z (RFC 3339) instead of now")
	f.BoolVar(&o.next, "next", false, "the code after that one")
	f.BoolVar(&o.copy, "copy", false, "put it on the clipboard as well, and take it off after 30 seconds")
	f.BoolVar(&o.json, "json", false, "print a JSON array")
	f.BoolVar(&o.showSecrets, "show-secrets", false, "with --json: add the keys")
	return cmd
}

// line is what is shown of one account.
type line struct {
	codeRecord
	kind otp.Kind
	err  error // why there is no code
}

func (r *run) code(ctx context.Context, text string, o codeOptions) error {
	var at time.Time
	var err error
	if o.at == "" {
		at, err = r.codeTime()
	} else if at, err = time.Parse(time.RFC3339, o.at); err != nil {
		err = usage("--at needs a time such as 2026-01-31T12:00:00Z.")
	}
	if err != nil {
		return err
	}
	if o.showSecrets && !o.json {
		return usage("--show-secrets goes with --json here.")
	}
	m, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()

	var rows []line
	var short map[vault.ID]string
	err = m.Read(func(v *vault.Vault) error {
		r.noteBroken(v)
		list := v.Accounts()
		found := parseQuery(text).filter(list)
		for _, a := range found {
			rows = append(rows, newLine(a, at, o.next, o.showSecrets))
		}
		if len(rows) > 1 && !o.json {
			short = shortIDs(list)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(rows) != 1 {
		return r.codes(rows, short, o)
	}
	return r.singleCode(ctx, m, &rows[0], o)
}

// newLine computes the code at a time. With next set it is as though one period had
// passed: the code of the step after, and how long from at until that one ends.
func newLine(a vault.Account, at time.Time, next, showSecret bool) line {
	l := line{codeRecord: codeRecord{record: newRecord(a, showSecret)}, kind: a.Params.Kind}
	if !l.kind.Rolling() {
		l.err = otp.ErrNoCode
		return l
	}
	until := a.Params.Remaining(at)
	moment := at
	if next {
		moment = at.Add(until) // the first moment of the step after
		until += time.Duration(a.Params.Period) * time.Second
	}
	code, err := a.Params.Code(moment)
	if err != nil {
		l.err = err
		return l
	}
	after, err := a.Params.Next(moment)
	if err != nil {
		l.err = err
		return l
	}
	left := int((until + time.Second - 1) / time.Second)
	end := rfc3339(at.Add(until))
	l.Code, l.Next, l.Remaining, l.ValidUntil = &code, &after, &left, &end
	return l
}

// codes prints several accounts, or says that there are none. A HOTP account shows
// nothing here: printing a list must not use codes up.
func (r *run) codes(rows []line, short map[vault.ID]string, o codeOptions) error {
	if o.json {
		records := make([]codeRecord, 0, len(rows))
		for _, l := range rows {
			records = append(records, l.codeRecord)
		}
		if err := r.json(records); err != nil {
			return err
		}
	}
	switch {
	case len(rows) == 0:
		return fail(statusNothing, "No account matches.")
	case o.copy:
		return fail(statusFailed, "Several accounts match, so nothing was copied. Name one.")
	case o.json:
		return nil
	}
	t := newTable("CODE", "LEFT", "ISSUER", "NAME", "ID")
	for _, l := range rows {
		code, left := "-", ""
		switch {
		case l.Code != nil:
			code, left = *l.Code, strconv.Itoa(*l.Remaining)+" s"
		case l.kind == otp.HOTP:
			code = "name it alone"
		}
		t.row(code, left, l.Issuer, l.Name, short[vault.ID(l.ID)])
	}
	t.write(r.out)
	return nil
}

func (r *run) singleCode(ctx context.Context, m *vault.Manager, l *line, o codeOptions) error {
	id := vault.ID(l.ID)
	if l.kind == otp.HOTP {
		if o.at != "" || o.next {
			return usage("This account counts instead of following the clock: --at and --next do not go with it.")
		}
		code, err := m.NextHOTP(ctx, id) // the counter is on disk before the code is here
		if err != nil {
			return err
		}
		l.Code, l.err = &code, nil
		l.Counter++
	}
	if o.json {
		if err := r.json([]codeRecord{l.codeRecord}); err != nil {
			return err
		}
	}
	if l.err != nil {
		return l.err
	}
	if !o.json {
		r.print("%s", *l.Code)
	}
	if !o.copy {
		return nil
	}
	if err := r.out.Flush(); err != nil { // before the wait
		return err
	}
	return r.copyCode(ctx, m, id, *l.Code)
}

// copyCode puts the code on the clipboard, closes the vault, and stays until it is time
// to take the code off again: on some systems the clipboard is only there as long as
// the program that filled it.
func (r *run) copyCode(ctx context.Context, m *vault.Manager, id vault.ID, code string) error {
	clipboard := r.env.Clipboard()
	if err := clipboard.SetSecret(ctx, code); err != nil {
		return err
	}
	if err := m.Update(ctx, func(v *vault.Vault) error {
		return v.Touch(id, r.env.Now())
	}); err != nil && !errors.Is(err, context.Canceled) {
		_, sentence, _ := explain(err)
		r.note("Copied, but not noted as used: %s", sentence)
	}
	_ = m.Close() // nothing stays open, or unlocked, during the wait

	r.note("Copied. It is taken off the clipboard in %d seconds; Ctrl+C does it now.", int(clearAfter/time.Second))
	holding, release := context.WithCancel(ctx)
	defer release()
	timer := r.env.After(clearAfter)
	go func() {
		select {
		case <-timer:
			release()
		case <-holding.Done():
		}
	}()
	return platform.Hold(holding, clipboard, code)
}

// first is the first word, or nothing.
func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
