package platform

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/windows/registry"
)

// RegistersPacks says whether a URIHandler makes code packs open Tallystick, too.
const RegistersPacks = false

// NewURIHandler returns the handler that starts executable, an absolute path; "" is
// the program that runs.
func NewURIHandler(executable string) URIHandler { return registryHandler{executable} }

// registryHandler registers for this person only, below HKEY_CURRENT_USER:
//
//   - a class of our own (Tallystick.Link) that opens a link with the program;
//   - capabilities that say which schemes the class is for, so that Windows offers it
//     in "Choose default apps by link type";
//   - with consent, the schemes' own keys, which is what counts as long as the person
//     has chosen nothing in the settings.
//
// https://learn.microsoft.com/windows/win32/shell/default-programs
type registryHandler struct{ executable string }

const (
	linkClass       = "Tallystick.Link"
	classesKey      = `Software\Classes\`
	capabilitiesKey = `Software\Tallystick\Capabilities`
	registeredKey   = `Software\RegisteredApplications`
)

func (h registryHandler) command() (string, error) {
	executable, err := ownExecutable(h.executable)
	if err != nil {
		return "", err
	}
	if strings.ContainsAny(executable, "\"%") {
		return "", errors.New("platform: the program's path has quotes or percent signs")
	}
	return `"` + executable + `" "%1"`, nil
}

func (h registryHandler) Status(context.Context) (URIStatus, error) {
	want, err := h.command()
	if err != nil {
		return URIStatus{}, err
	}
	have, err := readValue(classesKey+linkClass+`\shell\open\command`, "")
	if err != nil {
		return URIStatus{}, err
	}
	status := URIStatus{Installed: have != "", Stale: have != "" && have != want, Default: true}
	for i, scheme := range uriSchemes {
		// What the person chose in the settings wins over everything.
		chosen, err := readValue(`Software\Microsoft\Windows\Shell\Associations\UrlAssociations\`+scheme+`\UserChoice`, "ProgId")
		if err != nil {
			return URIStatus{}, err
		}
		if chosen == "" {
			command, err := readValue(classesKey+scheme+`\shell\open\command`, "")
			if err != nil {
				return URIStatus{}, err
			}
			switch command {
			case "":
			case have:
				chosen = linkClass
			default:
				chosen = scheme
			}
		}
		status.Default = status.Default && chosen == linkClass
		if i == 0 && chosen != linkClass {
			status.Other = chosen
		}
	}
	return status, nil
}

func (h registryHandler) Install(_ context.Context, makeDefault bool) error {
	command, err := h.command()
	if err != nil {
		return err
	}
	type value struct{ key, name, text string }
	values := []value{
		{classesKey + linkClass, "", "Authenticator link"},
		{classesKey + linkClass, "URL Protocol", ""},
		{classesKey + linkClass + `\shell\open\command`, "", command},
		{capabilitiesKey, "ApplicationName", "Tallystick"},
		{capabilitiesKey, "ApplicationDescription", "Codes for signing in"},
	}
	for _, scheme := range uriSchemes {
		values = append(values, value{capabilitiesKey + `\URLAssociations`, scheme, linkClass})
		if makeDefault {
			values = append(values,
				value{classesKey + scheme, "", "URL:" + scheme},
				value{classesKey + scheme, "URL Protocol", ""},
				value{classesKey + scheme + `\shell\open\command`, "", command})
		}
	}
	// Last, so that Windows never offers what is half there.
	values = append(values, value{registeredKey, "Tallystick", capabilitiesKey})
	for _, v := range values {
		if err := writeValue(v.key, v.name, v.text); err != nil {
			return err
		}
	}
	return nil
}

func (h registryHandler) Remove(context.Context) error {
	var errs []error
	key, err := registry.OpenKey(registry.CURRENT_USER, registeredKey, registry.SET_VALUE)
	if err == nil {
		err = errors.Join(absentIsFine(key.DeleteValue("Tallystick")), key.Close())
	}
	errs = append(errs, absentIsFine(err))
	ours, err := readValue(classesKey+linkClass+`\shell\open\command`, "")
	errs = append(errs, err)
	for _, scheme := range uriSchemes {
		command, err := readValue(classesKey+scheme+`\shell\open\command`, "")
		errs = append(errs, err)
		if command != "" && command == ours { // else it belongs to another program
			errs = append(errs, removeTree(classesKey+scheme))
		}
	}
	errs = append(errs, removeTree(capabilitiesKey), absentIsFine(registry.DeleteKey(registry.CURRENT_USER, `Software\Tallystick`)))
	errs = append(errs, removeTree(classesKey+linkClass))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("platform: cannot remove the link registration: %w", err)
	}
	return nil
}

func absentIsFine(err error) error {
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	return err
}

// removeTree deletes a key and what is below it.
func removeTree(path string) error {
	key, err := registry.OpenKey(registry.CURRENT_USER, path, registry.ENUMERATE_SUB_KEYS)
	if err != nil {
		return absentIsFine(err)
	}
	names, err := key.ReadSubKeyNames(-1)
	err = errors.Join(err, key.Close())
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := removeTree(path + `\` + name); err != nil {
			return err
		}
	}
	return absentIsFine(registry.DeleteKey(registry.CURRENT_USER, path))
}

// readValue reads a text below HKEY_CURRENT_USER; "" when there is none.
func readValue(path, name string) (string, error) {
	key, err := registry.OpenKey(registry.CURRENT_USER, path, registry.QUERY_VALUE)
	if err != nil {
		if err = absentIsFine(err); err != nil {
			err = fmt.Errorf("platform: cannot read the registry: %w", err)
		}
		return "", err
	}
	defer key.Close()
	text, _, err := key.GetStringValue(name)
	if err = absentIsFine(err); err != nil {
		return "", fmt.Errorf("platform: cannot read the registry: %w", err)
	}
	return text, nil
}

func writeValue(path, name, text string) error {
	key, _, err := registry.CreateKey(registry.CURRENT_USER, path, registry.SET_VALUE)
	if err == nil {
		err = errors.Join(key.SetStringValue(name, text), key.Close())
	}
	if err != nil {
		return fmt.Errorf("platform: cannot write the registry: %w", err)
	}
	return nil
}
