package bot

import (
	"context"
	"errors"

	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/notify/digest"
	"sparkbot/store"
)

// nothingFollowed refuses a digest that could be about nothing.
func nothingFollowed(r Request) error {
	return &refusal{"There is nothing to tell: no subscription of this channel chose the digest. " + firstStep(r.Platform) + "."}
}

// digestNow posts the last seven days through the queue. It takes nothing from
// the weekly digest, which tells of them as well.
func (b *Bot) digestNow(ctx context.Context, r Request, v store.Variant) (Reply, error) {
	if err := b.mayPost(ctx, r); err != nil {
		return Reply{}, err
	}
	p, err := b.place(ctx, r)
	if err != nil {
		return Reply{}, err
	}
	d, err := b.armed(ctx, p.ID)
	if err != nil {
		return Reply{}, err
	}
	follows, err := b.store.Follows(ctx, p.ID)
	if err != nil {
		return Reply{}, err
	}
	if follows == "" {
		return Reply{}, nothingFollowed(r)
	}
	notices, err := b.store.Notices(ctx)
	if err != nil {
		return Reply{}, err
	}
	now := b.now()
	edition, err := b.store.PutEdition(ctx, digest.LastWeek(d, follows, v, now, notices))
	if err != nil {
		return Reply{}, err
	}
	// Somebody waits for it, so it stands with the news.
	_, _, err = b.store.Enqueue(ctx, store.Delivery{
		PlaceID: p.ID, Kind: store.DeliveryDigest, Key: "digest:" + r.ID, EditionID: edition.ID, Rank: store.RankNews, DueAt: now, GiveUpAt: now.Add(digestPatience),
	})
	if err != nil {
		return Reply{}, err
	}
	return private("The digest of the last seven days is on its way to this channel. " + nextDigest(d)), nil
}

// digestPreview shows a member what the weekly digest would say if it came now;
// a page of it is its full list.
func (b *Bot) digestPreview(ctx context.Context, r Request) (Reply, error) {
	p, d, err := b.digestPlace(ctx, r)
	if err != nil {
		return Reply{}, err
	}
	follows := ""
	if p.ID != 0 {
		if follows, err = b.store.Follows(ctx, p.ID); err != nil {
			return Reply{}, err
		}
	}
	if follows == "" {
		return Reply{}, nothingFollowed(r)
	}
	notices, err := b.store.Notices(ctx)
	if err != nil {
		return Reply{}, err
	}
	now := b.now()
	edition := digest.Upcoming(d, follows, now, notices)
	edition.End = now // nobody shares it, so it holds what happened just now
	week, err := b.desk.Week(ctx, edition, now)
	if err != nil {
		return Reply{}, err
	}
	if r.Command.Page > 0 {
		return listed(r, week), nil
	}
	m := compose.DigestMessage(week, b.weekPicture(week))
	says := "A preview, for you alone. " + nextDigest(d)
	if week.Silent() {
		says += " As it stands it would be left out, because nothing moved."
	}
	m.Blocks = append([]notify.Block{small(says)}, m.Blocks...)
	return Reply{Private: true, Message: m}, nil
}

// weekPicture draws a week's movers; nil when there are none or that fails.
func (b *Bot) weekPicture(week digest.Week) *notify.Picture {
	drawn, some, err := week.Picture(b.charts)
	if err != nil {
		b.log.Error("a digest could not be drawn", "error", err)
	}
	if err != nil || !some || week.Empty() {
		return nil
	}
	picture := notify.Picture(drawn)
	return &picture
}

// digestList shows all projects of a digest that stands in the channel.
func (b *Bot) digestList(ctx context.Context, r Request) (Reply, error) {
	gone := &refusal{"That digest is too old, or belongs to another channel; /spark all lists every project as it is now."}
	if r.Platform == store.Discord {
		gone.text = "That digest is too old, or belongs to another channel; /sparks lists every project as it is now."
	}
	p, err := b.store.PlaceAt(ctx, r.Platform, r.Workspace, r.Channel)
	if errors.Is(err, store.ErrNotFound) {
		return Reply{}, gone
	}
	if err != nil {
		return Reply{}, err
	}
	edition, err := b.store.EditionOf(ctx, p.ID, r.Command.Digest.Edition)
	if errors.Is(err, store.ErrNotFound) {
		return Reply{}, gone
	}
	if err != nil {
		return Reply{}, err
	}
	week, err := b.desk.Week(ctx, edition, b.now())
	if err != nil {
		return Reply{}, err
	}
	return listed(r, week), nil
}

func listed(r Request, week digest.Week) Reply {
	return Reply{
		Message: compose.DigestListMessage(compose.DigestList{Week: week, Page: r.Command.Page}),
		Private: true, Update: r.Button && r.Command.Page > 0,
	}
}
