package look

import (
	"strings"

	"fyne.io/fyne/v2"
)

// CodeStyle is the text style of a code: the semi-bold cut, whose digits are of equal width.
var CodeStyle = fyne.TextStyle{Bold: true}

// MonoStyle is the text style of keys and addresses: every letter of equal width.
var MonoStyle = fyne.TextStyle{Monospace: true}

// StrongStyle is the text style of names and heads.
var StrongStyle = fyne.TextStyle{Bold: true}

// GroupCode writes a code in groups that are easy to carry over in the head: 492 039, 1234 5678,
// 123 456 789, 12345 67890. Up to five digits, and codes with letters, stay together.
func GroupCode(code string) string {
	if !digitsOnly(code) {
		return code
	}
	var groups []int
	switch len(code) {
	case 6:
		groups = []int{3, 3}
	case 7:
		groups = []int{3, 4}
	case 8:
		groups = []int{4, 4}
	case 9:
		groups = []int{3, 3, 3}
	case 10:
		groups = []int{5, 5}
	default:
		return code
	}
	parts := make([]string, 0, len(groups))
	for _, n := range groups {
		parts = append(parts, code[:n])
		code = code[n:]
	}
	return strings.Join(parts, " ")
}

func digitsOnly(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
