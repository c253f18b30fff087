// Package momentum answers one question: which projects took a turn, and when is
// it told. A project turns when it gets much faster within a week (surging), when
// it moves again after a long silence (awake), and when it has not moved for long
// (quiet). The package also has every day's scores kept, so that a history is
// shown as it was told.
//
// It never decides who hears of a turn beyond naming the event, composes no
// message and sends nothing.
//
// # What is promised
//
// A turn is told at most once in seven days, and a score that moves about on the
// edge takes no turn: a project must lose what made it surge before it can surge
// again, and must move before it can go quiet again. What happened longer ago than
// Options.MaxAge is history and takes its turn in silence, as does a project that
// is seen for the first time; so an import alerts nobody.
//
// A turn and the state it leads to are stored in one transaction, fenced by the
// state's version, so neither a crash nor a second replica loses or doubles one.
package momentum
