package bot

// parseMovers reads the window of movers: 7d, the default, or 28d.
func parseMovers(rest []word) (Command, error) {
	c := Command{Verb: Movers}
	rest, page, err := takePage(rest)
	if err != nil {
		return c, err
	}
	c.Page = page
	switch {
	case len(rest) == 0:
	case len(rest) == 1 && rest[0].is("7d"):
		c.Days = week
	case len(rest) == 1 && rest[0].is("28d"):
		c.Days = month
	default:
		return c, misused("write /spark movers 7d or /spark movers 28d", "movers does not know %q", join(rest))
	}
	return c, nil
}
