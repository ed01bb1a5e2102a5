package platform_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/vault/secret"
)

// TestMain lets tests start this binary again as another process: a second start of
// the app, one that is killed, one of another person.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "as-child" {
		os.Exit(child(os.Args[2], os.Args[3:]))
	}
	os.Exit(m.Run())
}

func child(what string, args []string) int {
	switch what {
	case "window": // be the window of a directory until killed
		_, err := platform.Claim(args[0], platform.Request{}, func(r platform.Request) platform.Reply {
			return platform.Reply{Word: "child-" + r.Command}
		})
		if err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Println("ready")
		select {}
	case "send":
		reply, err := platform.Send(context.Background(), args[0], platform.Request{Command: "open", Text: secret.FromString("a link")})
		fmt.Printf("%q %v\n", reply.Word, err)
		return 0
	case "send-bare": // connect and write, without looking at who listens
		fmt.Println(sendBare(args[0]))
		return 0
	case "listen-bare": // be a false window
		fmt.Println(listenBare(args[0]))
		return 0
	case "hardened":
		return hardenedChild(args)
	}
	return 2
}
