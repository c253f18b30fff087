package bot

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sparkbot/notify/zone"
	"sparkbot/store"
)

func TestParse(t *testing.T) {
	session := store.Target{Kind: store.TargetProject, Value: "session"}
	for text, want := range map[string]Command{
		"":                                       {Verb: Overview},
		"  session ":                             {Verb: Show, Project: "session", View: ViewCard},
		"SimpleX Chat moves":                     {Verb: Show, Project: "SimpleX Chat", View: ViewMoves},
		"show session outlook":                   {Verb: Show, Project: "session", View: ViewOutlook},
		"show session moves page:2":              {Verb: Show, Project: "session", View: ViewMoves, Page: 2},
		"Show “my card” why":                     {Verb: Show, Project: "my card", View: ViewWhy},
		"show card":                              {Verb: Show, Project: "card", View: ViewCard},
		"all":                                    {Verb: All},
		"ALL category:COMMS tag:p2p":             {Verb: All, Category: "COMMS", Tag: "p2p"},
		`all tag:"machine learning"`:             {Verb: All, Tag: "machine learning"},
		"all sort:Change page:3":                 {Verb: All, Sort: "change", Page: 3},
		"movers":                                 {Verb: Movers},
		"Movers 28D page:2":                      {Verb: Movers, Days: 28, Page: 2},
		"movers 7d":                              {Verb: Movers, Days: 7},
		"subscribe session":                      {Verb: Subscribe, Target: session},
		"subscribe session sparks moves":         {Verb: Subscribe, Target: session, Events: store.Sparks | store.Moves},
		"subscribe SimpleX Chat digest":          {Verb: Subscribe, Target: store.Target{Kind: store.TargetProject, Value: "SimpleX Chat"}, Events: store.Digests},
		"subscribe category:COMMS -Zulip -river": {Verb: Subscribe, Target: store.Target{Kind: store.TargetCategory, Value: "COMMS"}, Except: []string{"zulip", "river"}},
		"subscribe everything trend":             {Verb: Subscribe, Target: store.Target{Kind: store.TargetEverything}, Events: store.Trends},
		"unsubscribe session":                    {Verb: Unsubscribe, Target: session},
		"unsubscribe all":                        {Verb: Unsubscribe, Everywhere: true},
		"unsubscribe everything":                 {Verb: Unsubscribe, Target: store.Target{Kind: store.TargetEverything}},
		"list":                                   {Verb: List},
		"list workspace":                         {Verb: List, Wide: true},
		"mute 2h":                                {Verb: Mute, For: "2h"},
		"mute until Mon session":                 {Verb: Mute, For: "until mon", Project: "session"},
		"mute 2h session drop":                   {Verb: Mute, For: "2h", Project: "session", Drop: true},
		`mute 1d "drop"`:                         {Verb: Mute, For: "1d", Project: "drop"},
		"quiet":                                  {Verb: Quiet},
		"quiet OFF":                              {Verb: Quiet, Quiet: QuietWish{Action: QuietOff}},
		"quiet 20:00-08:00 Europe/Berlin":        {Verb: Quiet, Quiet: QuietWish{Action: QuietSet, From: "20:00", To: "08:00", Zone: "Europe/Berlin"}},
		"quiet from 8pm to 8:30am New York drop": {Verb: Quiet, Drop: true, Quiet: QuietWish{Action: QuietSet, From: "20:00", To: "08:30", Zone: "New York"}},
		"quiet 22:00 – 07:00":                    {Verb: Quiet, Quiet: QuietWish{Action: QuietSet, From: "22:00", To: "07:00"}},
		"only sparks Signal Desktop":             {Verb: Only, Project: "Signal Desktop"},
		"unmute":                                 {Verb: Unmute},
		"test":                                   {Verb: Test},
		"test digest":                            {Verb: Test, Digest: DigestWish{Action: DigestNow}},
		"digest":                                 {Verb: Digest, Digest: DigestWish{Action: DigestShow}},
		"digest Off":                             {Verb: Digest, Digest: DigestWish{Action: DigestOff}},
		"digest preview page:2":                  {Verb: Digest, Digest: DigestWish{Action: DigestPreview}, Page: 2},
		"digest list:7 page:2":                   {Verb: Digest, Digest: DigestWish{Action: DigestList, Edition: 7}, Page: 2},
		"digest mon 09:00 Europe/Berlin":         {Verb: Digest, Digest: DigestWish{Action: DigestSet, Day: "mon", Time: "09:00", Zone: "Europe/Berlin"}},
		"digest set every Fridays at 4pm":        {Verb: Digest, Digest: DigestWish{Action: DigestSet, Day: "fri", Time: "16:00"}},
		"digest 9.30 new york":                   {Verb: Digest, Digest: DigestWish{Action: DigestSet, Time: "09:30", Zone: "new york"}},
		"digest when-quiet skip":                 {Verb: Digest, Digest: DigestWish{Action: DigestSet, WhenQuiet: QuietSkip}},
		"digest thurs when-quiet:one-line":       {Verb: Digest, Digest: DigestWish{Action: DigestSet, Day: "thu", WhenQuiet: QuietOneLine}},
		"digest 12am":                            {Verb: Digest, Digest: DigestWish{Action: DigestSet, Time: "00:00"}},
		"log":                                    {Verb: Log},
		"log session":                            {Verb: Log, Project: "session"},
		"log SimpleX Chat 14d page:2":            {Verb: Log, Project: "SimpleX Chat", Days: 14, Page: 2},
		`log "7d"`:                               {Verb: Log, Project: "7d"},
		"help Subscribe":                         {Verb: Help, Topic: "subscribe"},
	} {
		got, err := Parse(text)
		if err != nil {
			t.Errorf("Parse(%q): %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Parse(%q) (-want +got):\n%s", text, diff)
		}
	}
}

func TestParseSaysWhatToTypeInstead(t *testing.T) {
	for text, want := range map[string]string{
		"show":                      "show needs a project",
		"log session 31d":           "the log goes back 30 days",
		"all page:0":                `"0" is no page`,
		"all comms":                 `all does not know "comms"`,
		"all sort:age":              "velocity, change or name",
		"movers 30d":                `movers does not know "30d"`,
		"movers 7d 28d":             `movers does not know "7d 28d"`,
		"subscribe":                 "subscribe needs something",
		"subscribe tag:p2p loudly":  `does not know "loudly"`,
		"subscribe session -river":  "nothing can be left out of one project",
		"unsubscribe":               "/spark unsubscribe all",
		"unsubscribe tag:p2p extra": `does not know "extra"`,
		"list all":                  `list does not know "all"`,
		"mute":                      "mute needs a time",
		"mute drop":                 "mute needs a time",
		"quiet 20:00":               "two times of day",
		"quiet Berlin":              "two times of day",
		"quiet 20:00-25:00":         `"25:00" is no time of day`,
		"quiet 8:00-8am UTC":        "begin and end at 08:00",
		"only session":              "/spark only sparks session",
		"only sparks":               "needs a project",
		"mute 200d":                 `"200d" is no time`,
		"mute until someday":        "is no time",
		"test loudly":               "test does not know",
		"digest mon 25:00":          `"25:00" is no time of day`,
		"digest mon tue":            "one day or time too many",
		"digest off now":            "digest off takes nothing after it",
		"digest when-quiet":         "when-quiet needs to know",
		"digest when-quiet never":   "nothing a quiet week can become",
		"digest every":              "digest needs a day",
		"digest list:0":             "is no digest",
		"everything":                "/spark subscribe everything",
	} {
		_, err := Parse(text)
		if usage, ok := errors.AsType[*UsageError](err); !ok || !strings.Contains(err.Error(), want) || usage.Mend == "" {
			t.Errorf("Parse(%q) gives %v, want a usage error with %q", text, err, want)
		}
	}
}

func TestMuteEnd(t *testing.T) {
	monday := time.Date(2026, 8, 10, 8, 0, 0, 0, time.UTC)
	berlin, err := zone.Load("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		text  string
		where *time.Location
		want  time.Time
	}{
		{"30m", time.UTC, monday.Add(30 * time.Minute)},
		{"1w", berlin, monday.AddDate(0, 0, 7)},
		{"90d", time.UTC, monday.AddDate(0, 0, 90)},
		{"until mon", time.UTC, monday.Add(time.Hour)},
		{"until mon", berlin, time.Date(2026, 8, 17, 7, 0, 0, 0, time.UTC)}, // it is ten there
		{"until-sunday", berlin, time.Date(2026, 8, 16, 7, 0, 0, 0, time.UTC)},
	} {
		if got, ok := muteEnd(tc.text, monday, tc.where); !ok || !got.Equal(tc.want) {
			t.Errorf("mute %s in %s ends at %s (%v), want %s", tc.text, tc.where, got, ok, tc.want)
		}
	}
}

func TestEveryVerbIsReserved(t *testing.T) {
	for _, v := range Verbs() {
		if !store.Reserved(string(v)) {
			t.Errorf("a project could be named %s", v)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "session why", `show "a b" moves page:2`, "subscribe tag:“x y” sparks -a", "mute until mon a b", `""`, `a"b c"d`, "digest mon 9am new york when-quiet skip", "digest list:3 page:2", `digest "mon" 0:00`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(text)
		if err != nil {
			if usage, ok := errors.AsType[*UsageError](err); !ok || usage.What == "" || usage.Mend == "" {
				t.Fatalf("Parse(%q) gives %v", text, err)
			}
			return
		}
		again, err := Parse(c.String())
		if err != nil {
			t.Fatalf("Parse(%q) = %+v, whose text %q gives %v", text, c, c.String(), err)
		}
		if diff := cmp.Diff(c, again); diff != "" {
			t.Fatalf("Parse(%q) reads %q back otherwise:\n%s", text, c.String(), diff)
		}
	})
}
