package compose

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"sparkbot/notify"
)

// The messages the tests hold this room to, for whoever wants to look at them:
// the demo draws each as both platforms show it.
//
//go:embed testdata/*.golden
var goldenFiles embed.FS

// Golden is one of them.
type Golden struct {
	Name    string
	Message notify.Message // pictures without their PNG
}

// Goldens reads every golden, in the order of their names.
func Goldens() ([]Golden, error) {
	entries, err := goldenFiles.ReadDir("testdata")
	if err != nil {
		return nil, fmt.Errorf("read the goldens: %w", err)
	}
	var all []Golden
	for _, e := range entries {
		text, err := goldenFiles.ReadFile(path.Join("testdata", e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read the goldens: %w", err)
		}
		m, err := parseGolden(string(text))
		if err != nil {
			return nil, fmt.Errorf("read the golden %s: %w", e.Name(), err)
		}
		all = append(all, Golden{strings.TrimSuffix(e.Name(), ".golden"), m})
	}
	slices.SortFunc(all, func(a, b Golden) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// parseGolden reads what the tests write: the fallback, the message as plain
// text, and its structure, of which the last is read.
func parseGolden(text string) (m notify.Message, err error) {
	first, _, _ := strings.Cut(text, "\n")
	m.Fallback = strings.TrimPrefix(first, "fallback: ")
	at := strings.LastIndex(text, "\naccent #")
	if at < 0 {
		return m, fmt.Errorf("there is no structure")
	}
	lines := strings.Split(strings.TrimSuffix(text[at+1:], "\n"), "\n")
	accent, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "accent #"), 16, 32)
	if err != nil {
		return m, fmt.Errorf("the accent: %w", err)
	}
	m.Accent = int(accent)
	for i := 1; i < len(lines); {
		end := i + 1
		for end < len(lines) && strings.HasPrefix(lines[end], "\t") {
			end++
		}
		block, err := parseBlock(lines[i], lines[i+1:end])
		if err != nil {
			return m, fmt.Errorf("%q: %w", lines[i], err)
		}
		m.Blocks = append(m.Blocks, block)
		i = end
	}
	return m, nil
}

var goldenStyles = map[string]notify.Style{"body": notify.Normal, "small": notify.Small, "heading": notify.Heading, "title": notify.Title, "quote": notify.Quote}

func parseBlock(head string, lines []string) (notify.Block, error) {
	style, isText := goldenStyles[head]
	switch {
	case head == "divider":
		return notify.Divider{}, nil
	case head == "actions":
		var a notify.Actions
		for _, l := range lines {
			a.Buttons = append(a.Buttons, parseButton(strings.TrimPrefix(l, "\t")))
		}
		return a, nil
	case strings.HasPrefix(head, "picture ") && len(lines) == 1:
		var p notify.Picture
		if _, err := fmt.Sscanf(head, "picture %s %dx%d", &p.Name, &p.Width, &p.Height); err != nil {
			return nil, err
		}
		alt, err := strconv.Unquote(strings.TrimPrefix(lines[0], "\t"))
		p.Alt = alt
		return p, err
	case isText:
		return parseText(style, lines)
	}
	return nil, fmt.Errorf("no block is written like that")
}

func parseText(style notify.Style, lines []string) (notify.Block, error) {
	t := notify.Text{Style: style}
	for _, l := range lines {
		l = strings.TrimPrefix(l, "\t")
		if button, ok := strings.CutPrefix(l, "beside "); ok {
			b := parseButton(button)
			t.Button = &b
			continue
		}
		if icon, ok := strings.CutPrefix(l, "icon "); ok {
			address, alt, _ := strings.Cut(icon, " ")
			text, err := strconv.Unquote(alt)
			if err != nil {
				return nil, fmt.Errorf("the icon: %w", err)
			}
			t.Icon, t.IconAlt = address, text
			continue
		}
		s, err := parseSpan(l)
		if err != nil {
			return nil, err
		}
		t.Spans = append(t.Spans, s)
	}
	return t, nil
}

func parseSpan(l string) (s notify.Span, err error) {
	quoted, err := strconv.QuotedPrefix(l)
	if err != nil {
		return s, fmt.Errorf("the span %s: %w", l, err)
	}
	if s.Text, err = strconv.Unquote(quoted); err != nil {
		return s, fmt.Errorf("the span %s: %w", l, err)
	}
	looks := strings.Fields(l[len(quoted):])
	for i := 0; i < len(looks); i++ {
		switch looks[i] {
		case "bold":
			s.Bold = true
		case "italic":
			s.Italic = true
		case "strike":
			s.Strike = true
		case "code":
			s.Code = true
		case "fixed":
			s.Fixed = true
		case "→", "at":
			if i++; i == len(looks) {
				return s, fmt.Errorf("the span %s ends early", l)
			}
			if looks[i-1] == "→" {
				s.URL = looks[i]
			} else if s.At, err = time.Parse(time.RFC3339, looks[i]); err != nil {
				return s, fmt.Errorf("the span %s: %w", l, err)
			}
		}
	}
	return s, nil
}

func parseButton(l string) notify.Button {
	if at := strings.LastIndex(l, "] → "); at >= 0 {
		return notify.Button{Label: strings.TrimPrefix(l[:at], "["), URL: l[at+len("] → "):]}
	}
	at := max(0, strings.LastIndex(l, "] /spark "))
	return notify.Button{Label: strings.TrimPrefix(l[:at], "["), Command: strings.TrimPrefix(l[at:], "] /spark ")}
}
