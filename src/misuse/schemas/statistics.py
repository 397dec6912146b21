"""Published relations of the statistics beyond the headline."""

from __future__ import annotations

from misuse.schemas.relation import Relation, columns

MISUSE_PARTS = Relation(
    "misuse_parts",
    "One row per part and value: misuse calls of the headline window by who made them; each part's values sum to all.",
    ("part", "value"),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        part | VARCHAR | code, hour, borough, or 101 would have served
        value | VARCHAR | the code, local hour, borough, or yes or no
        misuse_calls | BIGINT | misuse calls
        persistent_misuse_calls | BIGINT | of them of persistent callers
        below_misuse_calls | BIGINT | of persons below the threshold
        apart_misuse_calls | BIGINT | of shared lines and premises
        unidentified_misuse_calls | BIGINT | of nobody known
        below_callers | BIGINT | persons below the threshold with such a call; one may have several values
        handling_seconds | BIGINT | handling time of the misuse calls; null where none was measured
        below_handling_seconds | BIGINT | of those of persons below the threshold
        unit_seconds | BIGINT | unit time of the misuse calls; null where none was measured
        below_unit_seconds | BIGINT | of those of persons below the threshold
    """),
)

WINDOW_THRESHOLDS = Relation(
    "window_thresholds",
    "One row per window, way of counting and threshold from 3 to 50: persons at or over it, and their share of misuse.",
    ("window_name", "counted", "threshold"),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        window_name | VARCHAR | headline, since_log_start, d365, d90, d30, month (the last whole calendar month) or quarter (the last three)
        first_date | DATE | first local day of the window
        last_date | DATE | last local day of the window
        counted | VARCHAR | calls or episodes: what must reach the threshold
        threshold | INTEGER | 3 to 50
        callers | BIGINT | persons at or over it; it and what follows are null where the log does not hold a calendar window whole
        misuse_calls | BIGINT | their misuse calls
        all_misuse_calls | BIGINT | all misuse calls of the window, of shared lines and nobody known too
        share | DOUBLE | the former of the latter; null where there is none
        low | DOUBLE | lower end of its interval, of 95% unless its method says that this is not claimed; null where none was reckoned
        high | DOUBLE | upper end
        method | VARCHAR | how it was reckoned, in a sentence
    """),
)

LORENZ = Relation(
    "lorenz",
    "One row per hundredth of the persons with a misuse call in the headline window, those with fewest first.",
    ("share_of_callers",),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        share_of_callers | DOUBLE | so great a part of the persons, those with fewest calls first
        share_of_calls | DOUBLE | their part of all persons' misuse calls
        low | DOUBLE | lower end of the middle 95% at this point of persons drawn afresh; it holds the truth less often, so 95% is not claimed
        high | DOUBLE | upper end
    """),
)

RANK_STABILITY = Relation(
    "rank_stability",
    "One row per persistent caller among the fifty most prolific: how firm the order is.",
    ("caller_id",),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        rank | INTEGER | as in persistent_callers
        caller_id | VARCHAR | the caller
        misuse_calls | BIGINT | misuse calls in the headline window
        rank_low | INTEGER | first rank of the 95% of ranks it would have if every caller's episodes came by chance anew
        rank_high | INTEGER | last such rank
        p_top | DOUBLE | the chance of being among the ten most prolific
    """),
)

CONTROL_CHARTS = Relation(
    "control_charts",
    "One row per split, value, measure and whole local month: XmR charts as NHS England's Making data count draws them.",
    ("split", "value", "measure", "month"),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        split | VARCHAR | all, borough or hour
        value | VARCHAR | all, the borough, or the local hour
        measure | VARCHAR | misuse_calls_a_day, share_of_calls (misuse of all calls), share_of_regulars (of misuse, that of persons with five or more in the month) or handling_hours_a_day (of misuse)
        month | DATE | first day of the month
        point | DOUBLE | the value; null where it was not measured
        year_before | DOUBLE | the value of the same month a year before; null where the log does not hold it
        mean | DOUBLE | mean of the series
        lower | DOUBLE | lower limit: mean less 2.66 mean moving ranges, at least nothing
        upper | DOUBLE | upper limit
        is_trial | BOOLEAN | fewer than thirteen points: limits on trial
        signal | VARCHAR | which of the four rules speaks for the point; null for chance
        reading | VARCHAR | improvement (fewer) or concern (more); null for chance
        method | VARCHAR | how it was reckoned, in a sentence
    """),
)

CAMPAIGN_EFFECTS = Relation(
    "campaign_effects",
    "One row per campaign of the settings and figure: what changed in misuse calls from the day it began.",
    ("campaign", "figure"),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        campaign | VARCHAR | its name in the settings
        began | DATE | the day it began
        figure | VARCHAR | mean (over the time after, relative to genuine calls: the one a finding hangs on), step, slope (a week), alone (mean, of misuse calls by themselves), control (mean, of genuine calls)
        point | DOUBLE | relative change: -0.2 is a fifth fewer
        low | DOUBLE | lower end of its 95% interval
        high | DOUBLE | upper end
        is_finding | BOOLEAN | the interval leaves out no change; of `mean` under two years that of `alone` does too, the same way
        method | VARCHAR | how it was reckoned, in a sentence
    """),
)

CAMPAIGN_SERIES = Relation(
    "campaign_series",
    "One row per campaign of the settings and whole week of the log, counted from the day it began.",
    ("campaign", "week"),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        campaign | VARCHAR | its name in the settings
        week | INTEGER | 0 is the first week from the day it began
        first_date | DATE | first local day of the week
        misuse_calls | BIGINT | misuse calls on the headline channel
        genuine_calls | BIGINT | calls not coded misuse: the control
        fitted | DOUBLE | misuse calls as the model has them; null where none was fitted
        expected | DOUBLE | as it would have them without the change
    """),
)

SENSITIVITY = Relation(
    "sensitivity",
    "One row per other way of reckoning the headline: how the list and the share would move.",
    ("kind", "way"),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        kind | VARCHAR | threshold, window, counting, without code, or identity
        way | VARCHAR | the threshold, the window's name, what is counted, the code left out of the list (the twenty with most calls), or the level: number (each by itself), standard or loose (were suggestions confirmed)
        threshold | INTEGER | what must be reached
        callers | BIGINT | persons over the line so; at a looser level of identity every strict caller of a group that is; by number the numbers that are, as counted by number
        entered | BIGINT | of them not over the run's own
        left_it | BIGINT | over the run's own and not over this one
        persistent_misuse_calls | BIGINT | calls of those over the line
        misuse_calls | BIGINT | all calls counted as misuse so
        share | DOUBLE | the former of the latter
        share_change | DOUBLE | less the run's own share
    """),
)

SENSITIVITY_CALLERS = Relation(
    "sensitivity_callers",
    "One row per person whom another way of reckoning puts over the line, or takes from it.",
    ("kind", "way", "caller_id"),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        kind | VARCHAR | as in sensitivity
        way | VARCHAR | as in sensitivity
        caller_id | VARCHAR | the caller
        movement | VARCHAR | entered or left
    """),
)

LIST_DIFFERENCES = Relation(
    "list_differences",
    "One row per caller who came over the threshold since the run published before, or left it. Empty on a first run.",
    ("caller_id", "previous_caller_id"),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        previous_run_id | VARCHAR | the run it is held against: the last one published before
        previous_as_of | DATE | what that one spoke for
        caller_id | VARCHAR | the caller now; of one who is nobody now, the id before, which another may bear now: then two rows have it
        previous_caller_id | VARCHAR | the earlier caller it is held against: the one with most calls in common; null where there was none
        movement | VARCHAR | entered or left
        misuse_calls_before | BIGINT | misuse calls in the headline window of that run
        misuse_calls_now | BIGINT | misuse calls in the headline window now
        reasons | VARCHAR[] | what brought it there, with calls, weightiest first: new_calls, late_data, fell_out, stop, doubt, identity, rules, threshold
        decisive | VARCHAR[] | of these, each without which it had not moved
        decisions | VARCHAR[] | earlier decisions that it touches: cases with their state, the list frozen for the last meeting
    """),
)

REASON_TOTALS = Relation(
    "reason_totals",
    "One row per reason for which calls came to the headline, or left it, since the run published before: the headline without them.",
    ("reason",),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        previous_run_id | VARCHAR | the run it is held against
        previous_as_of | DATE | what that one spoke for
        reason | VARCHAR | new_calls, late_data (made before that as-of and known only now; or withdrawn or corrected since), fell_out, stop, doubt, identity or rules
        gained_calls | BIGINT | misuse calls that came to a caller, or to nobody known, for this reason
        lost_calls | BIGINT | misuse calls that one lost for this reason
        callers | BIGINT | persistent callers now
        callers_without | BIGINT | persistent callers without these gains and losses
        share | DOUBLE | share of misuse now
        share_without | DOUBLE | share of misuse without them
    """),
)

EQUALITY = Relation(
    "equality",
    "One row per dimension, group and measure: flags, lanes, doubt and errors of coding by group. Small numbers are kept back.",
    ("dimension", "group_name", "measure"),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        dimension | VARCHAR | home borough, kind of line, or vulnerability: the groups that the log holds
        group_name | VARCHAR | the group
        measure | VARCHAR | persons over the threshold, stopped, on the look list or on the tasking list (of persons with a coded misuse call in the headline window); each lane (of persons on the tasking list); doubtful and stopped calls (of coded misuse calls); of calls that two people coded again: coded misuse and found not to be, coded otherwise and found misuse
        value | BIGINT | how many; null where kept back
        of_all | BIGINT | of how many; null where fewer than five or kept back
        rate | DOUBLE | the former of the latter
        low | DOUBLE | lower end of its 95% interval of chance (Wilson)
        high | DOUBLE | upper end
        is_suppressed | BOOLEAN | the value is kept back: fewer than five, or such could be told from it by subtraction
    """),
)

STATISTICS = (
    MISUSE_PARTS,
    WINDOW_THRESHOLDS,
    LORENZ,
    RANK_STABILITY,
    CONTROL_CHARTS,
    CAMPAIGN_EFFECTS,
    CAMPAIGN_SERIES,
    SENSITIVITY,
    SENSITIVITY_CALLERS,
    LIST_DIFFERENCES,
    REASON_TOTALS,
    EQUALITY,
)
