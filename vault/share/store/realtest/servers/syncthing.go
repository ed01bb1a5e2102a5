package servers

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Syncthing is one of two daemons that keep a folder in step.
type Syncthing struct {
	Files string // the folder
	home  string
	id    string
	api   string // address of its interface
	port  int    // for the other one
	peer  *Syncthing
}

const syncthingKey = "0123456789abcdef"

// SyncthingPair starts two daemons that know each other and nobody else, and returns when they are connected.
func SyncthingPair(t testing.TB) (a, b *Syncthing) {
	a, b = newSyncthing(t, "a"), newSyncthing(t, "b")
	a.peer, b.peer = b, a
	pa := a.start(t)
	pb := b.start(t)
	pa.until(t, "the first Syncthing", func(ctx context.Context) error { return a.call(ctx, "GET", "/rest/system/ping", nil) })
	pb.until(t, "the second Syncthing", func(ctx context.Context) error { return b.call(ctx, "GET", "/rest/system/ping", nil) })
	pa.until(t, "the two Syncthings to meet", func(ctx context.Context) error { return a.connected(ctx, true) })
	return a, b
}

func newSyncthing(t testing.TB, name string) *Syncthing {
	dir := folder(t, "syncthing-"+name)
	s := &Syncthing{Files: sub(t, dir, "files"), home: sub(t, dir, "home"), port: freePort(t), api: "127.0.0.1:" + strconv.Itoa(freePort(t))}
	// Its mark of a folder that is really there, and not the place where one would be mounted.
	sub(t, s.Files, ".stfolder")
	bin := program(t, "syncthing")
	for _, args := range [][]string{{"generate", "--no-default-folder", "--skip-port-probing", "--home=" + s.home}, {"--device-id", "--home=" + s.home}} {
		cmd := exec.Command(bin, args...)
		cmd.Env = append(os.Environ(), "HOME="+dir)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("syncthing %s: %v\n%s", args[0], err, out)
		}
		s.id = strings.TrimSpace(string(out))
	}
	return s
}

func (s *Syncthing) start(t testing.TB) *process {
	const conf = `<configuration version="36">
<folder id="team" path="{files}" type="sendreceive" rescanIntervalS="3600" fsWatcherEnabled="true" fsWatcherDelayS="1" autoNormalize="true">
	<device id="{own}"></device><device id="{other}"></device><minDiskFree unit="%">0</minDiskFree><maxConflicts>10</maxConflicts><markerName>.stfolder</markerName>
</folder>
<device id="{own}" name="own" compression="never"><address>dynamic</address></device>
<device id="{other}" name="other" compression="never"><address>tcp://127.0.0.1:{otherport}</address></device>
<gui enabled="true" tls="false"><address>{api}</address><apikey>{key}</apikey></gui>
<options>
	<listenAddress>tcp://127.0.0.1:{ownport}</listenAddress>
	<globalAnnounceEnabled>false</globalAnnounceEnabled><localAnnounceEnabled>false</localAnnounceEnabled><relaysEnabled>false</relaysEnabled>
	<natEnabled>false</natEnabled><crashReportingEnabled>false</crashReportingEnabled><urAccepted>-1</urAccepted><autoUpgradeIntervalH>0</autoUpgradeIntervalH>
	<reconnectionIntervalS>1</reconnectionIntervalS><startBrowser>false</startBrowser><setLowPriority>false</setLowPriority><stunKeepaliveStartS>0</stunKeepaliveStartS>
</options>
</configuration>`
	write(t, s.home, "config.xml", fill(conf, "{files}", s.Files, "{own}", s.id, "{other}", s.peer.id, "{otherport}", strconv.Itoa(s.peer.port),
		"{ownport}", strconv.Itoa(s.port), "{api}", s.api, "{key}", syncthingKey))
	return run(t, nil, []string{"HOME=" + filepath.Dir(s.home), "STNOUPGRADE=1", "STNODEFAULTFOLDER=1"}, "syncthing", "serve", "--no-browser", "--home="+s.home, "--logfile=-")
}

func (s *Syncthing) call(ctx context.Context, method, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.api+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("X-API-Key", syncthingKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1000))
		return fmt.Errorf("%s: %s: %s", path, res.Status, text)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(into)
}

func (s *Syncthing) connected(ctx context.Context, want bool) error {
	var state struct {
		Connections map[string]struct{ Connected bool }
	}
	if err := s.call(ctx, "GET", "/rest/system/connections", &state); err != nil {
		return err
	}
	if got := state.Connections[s.peer.id].Connected; got != want {
		return fmt.Errorf("connected: %v", got)
	}
	return nil
}

// Part makes the two lose one another, and Meet finds them again.
func (s *Syncthing) Part(t testing.TB) { s.link(t, "pause", false) }

// Meet ends what Part began.
func (s *Syncthing) Meet(t testing.TB) { s.link(t, "resume", true) }

func (s *Syncthing) link(t testing.TB, verb string, want bool) {
	t.Helper()
	if err := s.call(t.Context(), "POST", "/rest/system/"+verb+"?device="+url.QueryEscape(s.peer.id), nil); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "the two Syncthings to "+verb, func(ctx context.Context) error { return s.connected(ctx, want) })
}

// Nudge has a daemon look at its folder now, instead of when the system gets round to telling it.
func (s *Syncthing) Nudge(t testing.TB) {
	t.Helper()
	if err := s.call(t.Context(), "POST", "/rest/db/scan?folder=team", nil); err != nil {
		t.Fatal(err)
	}
}

// Eventually asks until something is so.
func Eventually(t testing.TB, what string, ready func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), readyIn)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waiting for %s: %v", what, err)
		case <-tick.C:
		}
	}
}
