// Package appdb reads SQLite databases of other apps, in memory.
//
// Purpose: from the bytes of a database file, with its write-ahead log where there is one, to the rows of its tables. A
// database comes from a stranger: nothing it brings along is run. Only real tables are read, column by column; views,
// triggers, virtual tables, computed columns and functions are never reached, because the one statement this package
// prepares is a SELECT of plain columns and SQLite's authorizer refuses everything else. Nothing is written to disk, not even
// temporarily: the database holds keys. SQLCipher files of version 3 are decrypted first.
// Facts: https://sqlite.org/fileformat2.html, https://www.zetetic.net/sqlcipher/design/.
//
// Who may import it: vault/transfer. It imports modernc.org/sqlite.
//
// Concurrency: a Database belongs to one goroutine at a time; different ones are independent.
//
// Ownership: the bytes passed in are not changed and not kept. Values from Rows belong to the caller. Close gives the memory
// back; SQLite's copy of the file cannot be wiped.
//
// Errors never hold any part of the file, and never what SQLite says, which may.
package appdb

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Limits of what is read. Databases of authenticators have some hundred kilobytes.
const (
	MaxFile   = 32 << 20 // bytes
	maxSchema = 1 << 20  // bytes of all table definitions
	maxTables = 1_000    // tables, indexes and so on
	maxValue  = 4 << 20  // bytes of one row
	maxSQL    = 64 << 10 // bytes of one table's definition
)

// What can be wrong. Errors of this package wrap one of these, or are the context's.
var (
	ErrNotDatabase = errors.New("appdb: not an SQLite database")
	ErrDamaged     = errors.New("appdb: the database is damaged")
	ErrTooLarge    = errors.New("appdb: the database is too large")
	ErrNoTable     = errors.New("appdb: no such table")
	ErrKey         = errors.New("appdb: the key does not fit")
)

const magic = "SQLite format 3\x00"

// Recognise reports whether data begins as a database does.
func Recognise(data []byte) bool { return bytes.HasPrefix(data, []byte(magic)) }

// Database is an open database.
type Database struct {
	db     *sql.DB
	conn   *sql.Conn
	tables map[string]table // by lower-case name
	size   int
}

// table is a real table.
type table struct {
	name    string
	columns map[string]string // names by lower-case name, without computed ones
}

// Open opens a database. Its write-ahead log has to be merged already (Merge). The context ends queries as well.
func Open(ctx context.Context, data []byte) (*Database, error) {
	if !Recognise(data) || len(data) < headerSize {
		return nil, ErrNotDatabase
	}
	if len(data) > MaxFile {
		return nil, fmt.Errorf("%w: at most %d MB are read", ErrTooLarge, MaxFile>>20)
	}
	if err := checkSchema(data); err != nil {
		return nil, err
	}
	connector, err := sqlite.NewConnector("file::memory:?mode=memory&_dqs=0&_defensive=1")
	if err != nil {
		return nil, ErrDamaged
	}
	d := &Database{db: sql.OpenDB(connector), size: len(data)}
	d.db.SetMaxOpenConns(1)
	if err := d.load(ctx, data); err != nil {
		d.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, ErrTooLarge) || errors.Is(err, ErrDamaged) {
			return nil, err
		}
		return nil, ErrDamaged
	}
	return d, nil
}

// Close gives everything back.
func (d *Database) Close() {
	if d.conn != nil {
		d.conn.Close()
	}
	d.db.Close()
}

// memoryOnly is the settings of the connection, made before the database is looked at.
var memoryOnly = []string{
	"PRAGMA trusted_schema=OFF",
	"PRAGMA cell_size_check=ON",
	"PRAGMA temp_store=MEMORY",
	"PRAGMA mmap_size=0",
	"PRAGMA query_only=ON",
}

func (d *Database) load(ctx context.Context, data []byte) (err error) {
	if d.conn, err = d.db.Conn(ctx); err != nil {
		return err
	}
	for _, p := range memoryOnly {
		if _, err := d.conn.ExecContext(ctx, p); err != nil {
			return err
		}
	}
	// Not lower than what apps' own views and triggers have: a schema that goes beyond is not read at all.
	for limit, most := range map[int]int{
		sqlite3.SQLITE_LIMIT_LENGTH: maxValue, sqlite3.SQLITE_LIMIT_SQL_LENGTH: maxSQL, sqlite3.SQLITE_LIMIT_COLUMN: 500,
		sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200, sqlite3.SQLITE_LIMIT_ATTACHED: 0, sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
		sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
	} {
		if _, err := sqlite.Limit(d.conn, limit, most); err != nil {
			return err
		}
	}
	image := data
	if image[18] != 1 || image[19] != 1 {
		// A database in write-ahead mode cannot be opened without a file to write to.
		image = bytes.Clone(data)
		image[18], image[19] = 1, 1
		defer clear(image)
	}
	err = d.conn.Raw(func(c any) error {
		loader, ok := c.(interface{ Deserialize([]byte) error })
		guarded, ok2 := c.(sqlite.AuthorizerRegisterer)
		if !ok || !ok2 {
			return ErrDamaged
		}
		if err := loader.Deserialize(image); err != nil {
			return err
		}
		return guarded.RegisterAuthorizer(onlyReading)
	})
	if err != nil {
		return err
	}
	return d.readSchema(ctx)
}

// onlyReading lets a SELECT of columns pass, and the list of a table's columns. No function, no view, nothing recursive.
func onlyReading(action sqlite.AuthorizerActionCode, arg1, _, database, trigger string) sqlite.AuthorizerReturnCode {
	switch action {
	case sqlite.AuthSelect:
		return sqlite.AuthorizerOK
	case sqlite.AuthRead:
		// trigger names the view or trigger on whose behalf it would be read.
		if database == "main" && trigger == "" {
			return sqlite.AuthorizerOK
		}
	case sqlite.AuthPragma:
		if arg1 == "table_xinfo" {
			return sqlite.AuthorizerOK
		}
	}
	return sqlite.AuthorizerDeny
}

// readSchema finds the real tables: virtual ones have no page of their own.
func (d *Database) readSchema(ctx context.Context) error {
	rows, err := d.conn.QueryContext(ctx, "SELECT type, name, rootpage FROM main.sqlite_master")
	if err != nil {
		return err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var kind, name sql.NullString
		var page sql.NullInt64
		if err := rows.Scan(&kind, &name, &page); err != nil {
			return err
		}
		if kind.String == "table" && page.Int64 > 0 && !strings.HasPrefix(strings.ToLower(name.String), "sqlite_") {
			names = append(names, name.String)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if err := rows.Close(); err != nil {
		return err
	}
	d.tables = make(map[string]table, len(names))
	for _, name := range names {
		t := table{name: name, columns: map[string]string{}}
		if err := d.readColumns(ctx, t); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			continue // one that cannot be described cannot be read; the others can
		}
		d.tables[strings.ToLower(name)] = t
	}
	return nil
}

func (d *Database) readColumns(ctx context.Context, t table) error {
	rows, err := d.conn.QueryContext(ctx, "PRAGMA main.table_xinfo("+quote(t.name)+")")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var cid, notNull, key, hidden int64
		var name, kind string
		var usual any
		if err := rows.Scan(&cid, &name, &kind, &notNull, &usual, &key, &hidden); err != nil {
			return err
		}
		if hidden == 0 {
			t.columns[strings.ToLower(name)] = name
		}
	}
	return rows.Err()
}

// quote writes a name as SQL.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Row is one row: the columns that were asked for and exist, by their names as asked for.
type Row map[string]any // string, int64, float64, []byte; nil for NULL

// Text is a column as text: a number is written out, NULL and a missing column are empty.
func (r Row) Text(column string) string {
	switch v := r[column].(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case int64, float64, bool:
		return fmt.Sprint(v)
	}
	return ""
}

// Bytes is a column that holds bytes, or text as bytes.
func (r Row) Bytes(column string) []byte {
	switch v := r[column].(type) {
	case string:
		return []byte(v)
	case []byte:
		return v
	}
	return nil
}

// Rows calls each with every row of a table, in the order of the file, until it returns false. Columns that the table
// does not have are left out of the row: apps add columns from version to version. Errors: ErrNoTable, ErrDamaged,
// ErrTooLarge (more is read than the file holds), and the context's.
func (d *Database) Rows(ctx context.Context, name string, columns []string, each func(Row) bool) error {
	t, ok := d.tables[strings.ToLower(name)]
	if !ok {
		return ErrNoTable
	}
	var asked, found []string
	for _, c := range columns {
		if real, ok := t.columns[strings.ToLower(c)]; ok {
			asked, found = append(asked, c), append(found, quote(real))
		}
	}
	if len(found) == 0 {
		return ErrNoTable
	}
	// The table itself, not an index that has the columns as well.
	rows, err := d.conn.QueryContext(ctx, "SELECT "+strings.Join(found, ", ")+" FROM main."+quote(t.name)+" NOT INDEXED")
	if err != nil {
		return d.failed(ctx)
	}
	defer rows.Close()
	values, into := make([]any, len(found)), make([]any, len(found))
	for i := range values {
		into[i] = &values[i]
	}
	// A damaged database can make SQLite read the same pages again and again.
	left := 2*d.size + 1<<20
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return d.failed(ctx)
		}
		row := make(Row, len(asked))
		left -= 16
		for i, c := range asked {
			row[c] = values[i]
			switch v := values[i].(type) {
			case string:
				left -= len(v)
			case []byte:
				left -= len(v)
			}
		}
		if left < 0 {
			return ErrTooLarge
		}
		if !each(row) {
			return nil
		}
	}
	if rows.Err() != nil {
		return d.failed(ctx)
	}
	return nil
}

func (d *Database) failed(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return ErrDamaged
}
