package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"github.com/tallystick/tallystick/assets"
)

// IconName names one icon of our set. All are drawn on a 24 px grid in one line width.
type IconName string

const (
	IconAdd        IconName = "plus"
	IconAccount    IconName = "user"
	IconBack       IconName = "arrow-left"
	IconCamera     IconName = "camera"
	IconCheck      IconName = "check"
	IconChevron    IconName = "chevron-right"
	IconClear      IconName = "x"
	IconClipboard  IconName = "clipboard-paste"
	IconClock      IconName = "clock"
	IconClose      IconName = "x"
	IconCopy       IconName = "copy"
	IconDelete     IconName = "trash-2"
	IconDown       IconName = "chevron-down"
	IconDuplicate  IconName = "copy-plus"
	IconEdit       IconName = "pencil"
	IconError      IconName = "circle-alert"
	IconExport     IconName = "download"
	IconEye        IconName = "eye"
	IconEyeOff     IconName = "eye-off" // hidden
	IconFile       IconName = "file"
	IconFolder     IconName = "folder-open"
	IconHelp       IconName = "circle-question-mark"
	IconHistory    IconName = "history"
	IconInfo       IconName = "info"
	IconKey        IconName = "key-round"
	IconKeyboard   IconName = "keyboard"
	IconLock       IconName = "lock"
	IconMail       IconName = "mail" // the portal sends the code
	IconMore       IconName = "ellipsis"
	IconMoveIn     IconName = "import"    // from another app
	IconNext       IconName = "rotate-cw" // HOTP: the next code
	IconNote       IconName = "notebook-pen"
	IconOpen       IconName = "external-link"
	IconPicture    IconName = "image"
	IconQR         IconName = "qr-code"
	IconRecovery   IconName = "life-buoy" // recovery keys
	IconRestore    IconName = "undo-2"
	IconScan       IconName = "scan-qr-code" // scan my screen
	IconSearch     IconName = "search"
	IconSettings   IconName = "settings"
	IconShare      IconName = "users" // shared with others
	IconSort       IconName = "arrow-up-down"
	IconStar       IconName = "star"
	IconStarFilled IconName = "star-filled"
	IconSuccess    IconName = "circle-check"
	IconTag        IconName = "tag"
	IconUnlock     IconName = "lock-open"
	IconUp         IconName = "chevron-up"
	IconWarning    IconName = "triangle-alert"
)

// icons holds every icon, coloured like text (theme.ColorNameForeground).
var icons = func() map[IconName]fyne.Resource {
	m := map[IconName]fyne.Resource{}
	for _, name := range assets.IconNames() {
		m[IconName(name)] = theme.NewThemedResource(fyne.NewStaticResource(name+".svg", assets.Icon(name)))
	}
	return m
}()

// Icon is the icon in the colour of text. It panics on a name the set does not have: names are
// constants, and a test holds that all of them are there.
func Icon(n IconName) fyne.Resource {
	r, ok := icons[n]
	if !ok {
		panic("look: no icon " + string(n))
	}
	return r
}

// ColoredIcon is the icon in the named colour of the current theme.
func ColoredIcon(n IconName, c fyne.ThemeColorName) fyne.Resource {
	return theme.NewColoredResource(Icon(n), c)
}

var (
	mark = fyne.NewStaticResource("tallystick.png", assets.MarkPNG())
	tray = theme.NewThemedResource(fyne.NewStaticResource("tray.svg", assets.TraySVG()))
)

// AppIcon is the icon of the application and its window, 512 px.
func AppIcon() fyne.Resource { return mark }

// TrayIcon is the mark in one colour, which the system tray recolours.
func TrayIcon() fyne.Resource { return tray }

// fyneIcons replaces the toolkit's icons by ours, so that its menus, fields and dialogs match.
var fyneIcons = map[fyne.ThemeIconName]IconName{
	theme.IconNameCancel:         IconClose,
	theme.IconNameConfirm:        IconCheck,
	theme.IconNameDelete:         IconDelete,
	theme.IconNameSearch:         IconSearch,
	theme.IconNameContentAdd:     IconAdd,
	theme.IconNameContentClear:   IconClose,
	theme.IconNameContentCopy:    IconCopy,
	theme.IconNameContentPaste:   IconClipboard,
	theme.IconNameDocumentCreate: IconEdit,
	theme.IconNameError:          IconError,
	theme.IconNameHelp:           IconHelp,
	theme.IconNameHistory:        IconHistory,
	theme.IconNameInfo:           IconInfo,
	theme.IconNameWarning:        IconWarning,
	theme.IconNameMoreHorizontal: IconMore,
	theme.IconNameNavigateBack:   IconBack,
	theme.IconNameArrowDropDown:  IconDown,
	theme.IconNameArrowDropUp:    IconUp,
	theme.IconNameMenuExpand:     IconChevron,
	theme.IconNameSettings:       IconSettings,
	theme.IconNameVisibility:     IconEye,
	theme.IconNameVisibilityOff:  IconEyeOff,
	theme.IconNameViewRefresh:    IconNext,
	theme.IconNameFolderOpen:     IconFolder,
	theme.IconNameAccount:        IconAccount,
}
