package clock

import (
	"testing"
	"time"
)

func read(name string, offset, err time.Duration) Reading {
	return Reading{Source: name, Sample: Sample{offset, err}}
}

func TestCombine(t *testing.T) {
	s := time.Second
	failed := Reading{Source: "silent", Err: ErrNoAnswer}
	for name, c := range map[string]struct {
		readings []Reading
		offset   time.Duration
		within   time.Duration
		sure     bool
		liars    []string
	}{
		"one":                 {[]Reading{read("a", 47*s, s/2)}, 47 * s, s / 2, true, nil},
		"one and a silent":    {[]Reading{failed, read("a", 47*s, s/2)}, 47 * s, s / 2, true, nil},
		"two halves":          {[]Reading{read("a", 46800*time.Millisecond, s/2), read("b", 47200*time.Millisecond, s/2)}, 47 * s, 300 * time.Millisecond, true, nil},
		"a better one":        {[]Reading{read("a", 47200*time.Millisecond, s/2), read("ntp", 47*s, 10*time.Millisecond)}, 47 * s, 10 * time.Millisecond, true, nil},
		"two that differ":     {[]Reading{read("a", 47*s, s/2), read("b", -3*s, s/2)}, 47 * s, s / 2, false, []string{"b"}},
		"two against one":     {[]Reading{read("liar", 290*s, s/2), read("a", 0, s/2), read("b", 0, s/2)}, 0, s / 2, true, []string{"liar"}},
		"beside each other":   {[]Reading{read("a", 0, s/10), read("b", s/2, s/10)}, s / 4, s, true, nil},
		"all differ":          {[]Reading{read("a", 0, s/2), read("b", 60*s, s/2), read("c", 120*s, s/2)}, 0, s / 2, false, []string{"b", "c"}},
		"vague but no liar":   {[]Reading{read("portal", 30*s, 30*s), read("a", 47*s, s/2)}, 47 * s, s / 2, true, nil},
		"vague and a liar":    {[]Reading{read("portal", -30*s, 30*s), read("a", 47*s, s/2), read("b", 47*s, s/2)}, 47 * s, s / 2, true, []string{"portal"}},
		"as far as years":     {[]Reading{read("a", -56*365*24*time.Hour, s/2)}, -56 * 365 * 24 * time.Hour, s / 2, true, nil},
		"a zero-width answer": {[]Reading{read("a", 5*s, 0), read("b", 5*s, 0)}, 5 * s, 0, true, nil},
	} {
		f := Combine(c.readings)
		if f.Offset.Round(time.Millisecond) != c.offset || f.Error > c.within+time.Microsecond || f.Sure != c.sure {
			t.Errorf("%s: %v ± %v, sure %v", name, f.Offset, f.Error, f.Sure)
		}
		var liars []string
		for _, r := range f.Readings {
			if r.Err == nil && !r.Agrees {
				liars = append(liars, r.Source)
			}
		}
		if len(liars) != len(c.liars) || len(liars) > 0 && liars[0] != c.liars[0] {
			t.Errorf("%s: %v disagree, want %v", name, liars, c.liars)
		}
	}
	if f := Combine([]Reading{failed}); f.Answered != 0 || f.Sure || f.Fits() == nil {
		t.Errorf("nobody answered: %+v", f)
	}
}

func TestWords(t *testing.T) {
	s, m := time.Second, time.Minute
	for _, c := range []struct {
		offset, err time.Duration
		want        string
	}{
		{0, s / 2, "right to within a second"},
		{s / 2, s / 2, "right to within a second"},
		{0, 2 * s, "right to within a few seconds"},
		{1200 * time.Millisecond, s / 10, "1 s fast"},
		{47 * s, s / 2, "47 s fast"},
		{-47400 * time.Millisecond, s / 2, "47 s slow"},
		{90 * s, s / 2, "90 s fast"},
		{-200 * s, s / 2, "3 min 20 s slow"},
		{2 * m, s / 2, "2 min fast"},
		{90 * m, s / 2, "1 h 30 min fast"},
		{-30 * s, 20 * s, "about half a minute slow"},
		{-12 * s, 5 * s, "about 10 s slow"},
		{6 * s, 5 * s, "a few seconds fast"},
		{60 * s, 30 * s, "about a minute fast"},
		{5 * s, 45 * s, "right to within about a minute"},
		{-26 * time.Hour, s, "about a day slow"},
		{-56 * 365 * 24 * time.Hour, s, "about 56 years slow"},
		{100 * 24 * time.Hour, s, "about 3 months fast"},
	} {
		if got := Words(Sample{c.offset, c.err}); got != c.want {
			t.Errorf("%v ± %v: %q, want %q", c.offset, c.err, got, c.want)
		}
	}
}
