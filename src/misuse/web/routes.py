"""Every page and every act of the review room, once: where it stands, who may, what does it, what of it is recorded.

`permission` is `access.PUBLIC`, `access.SIGNED_IN`, an action of `review.PERMISSIONS` or a sight of `access.SEES`.
`records` names the events that the casebook gets when it is allowed; a refusal is always recorded as `access_refused`.
"""

from __future__ import annotations

from dataclasses import dataclass

from misuse.web.access import PUBLIC, SIGNED_IN


@dataclass(frozen=True)
class Route:
    """One page, or one act on it."""

    method: str
    path: str
    handler: str  # module of misuse.web.pages and function
    permission: str
    back: str = ""  # the page that shows an act's form again when something was missing
    records: tuple[str, ...] = ()
    is_export: bool = False

    @property
    def name(self) -> str:
        """What links call it."""
        return self.handler


def _page(path: str, handler: str, permission: str, *records: str, is_export: bool = False) -> Route:
    return Route("GET", path, handler, permission, records=records, is_export=is_export)


def _act(path: str, handler: str, permission: str, *records: str, back: str = "", is_export: bool = False) -> Route:
    return Route("POST", path, handler, permission, back=back, records=records, is_export=is_export)


ROUTES: tuple[Route, ...] = (
    # Oneself
    _page("/sign-in", "door:sign_in_page", PUBLIC),
    _act("/sign-in", "door:sign_in", PUBLIC, "signed_in", back="door:sign_in_page"),
    _act("/sign-out", "door:sign_out", SIGNED_IN, "signed_out"),
    _page("/password", "door:password_page", SIGNED_IN),
    _act("/password", "door:change_password", SIGNED_IN, "password_set", back="door:password_page"),
    _page("/", "door:home", SIGNED_IN),
    _page("/process", "oversight:process", "read_process"),
    # Lists and figures
    _page("/monday", "monday:page", "read_lists"),
    _page("/list", "listing:page", "read_lists"),
    _page("/list.csv", "listing:as_csv", "export_list", "exported", is_export=True),
    _page("/list.xlsx", "listing:as_xlsx", "export_list", "exported", is_export=True),
    _page("/looks", "monday:looks", "read_looks"),
    _act("/looks/{caller}", "monday:acknowledge", "acknowledge_look", "look_acknowledged", back="monday:looks"),
    _page("/estimates", "figures:estimates", "read_figures"),
    _page("/quality", "figures:quality", "read_figures"),
    _page("/runs", "figures:runs", "read_figures"),
    # Cases
    _page("/cases", "cases:listing", "read_case"),
    _act("/go", "cases:go", "read_case", back="cases:listing"),
    _page("/cases/{ref}", "cases:page", "read_case", "case_read"),
    _page("/cases/{ref}/calls", "cases:calls", "read_case", "case_read"),
    _act("/cases/{ref}/calls", "deciding:judge", "judge_call", "call_judged", back="cases:calls"),
    _act("/cases/{ref}/open", "deciding:open_all", "open_calls", "calls_opened", back="cases:calls"),
    _act("/cases/{ref}/notes", "deciding:add_note", "add_note", "note_added", back="cases:page"),
    _page("/cases/{ref}/moves/{move}", "deciding:move_page", "make_moves"),
    _act("/cases/{ref}/moves/{move}", "deciding:make_move", "make_moves", "case_moved", back="deciding:move_page"),
    _page("/cases/{ref}/stop", "deciding:stop_page", "stop"),
    _act("/cases/{ref}/stop", "deciding:stop", "stop", "stop_entered", back="deciding:stop_page"),
    _page("/cases/{ref}/lift", "deciding:lift_page", "lift_stop"),
    _act("/cases/{ref}/lift", "deciding:lift", "lift_stop", "stop_lifted", back="deciding:lift_page"),
    _page("/cases/{ref}/identity", "deciding:identity_page", "see_identity"),
    _act("/cases/{ref}/identity", "deciding:identity", "see_identity", "identity_read", back="deciding:identity_page"),
    _page("/cases/{ref}/meet/{option}/{need}", "deciding:meet_page", "prepare_case"),
    _act("/cases/{ref}/meet/{option}/{need}", "deciding:meet", "prepare_case", "precondition_met", back="deciding:meet_page"),
    _page("/cases/{ref}/evidence/{event}", "deciding:evidence", "read_evidence", "evidence_read"),
    _page("/cases/{ref}/health", "deciding:health_page", "health_notes", "health_notes_read"),
    _act("/cases/{ref}/health", "deciding:add_health_note", "health_notes", "health_note_added", back="deciding:health_page"),
    _page("/why", "cases:why_page", "read_case"),
    _act("/why", "cases:why_go", "read_case", back="cases:why_page"),
    _page("/why/{caller}", "cases:why", "read_case", "case_read"),
    _act("/find", "cases:find", "see_identity", "identity_read", back="cases:why_page"),
    # Who is who, and what calls were
    _page("/links", "people:links", "read_case"),
    _page("/links/{a}/{b}", "people:link_page", "decide_link"),
    _act("/links/{a}/{b}", "people:judge_link", "decide_link", "link_judged", back="people:link_page"),
    _page("/coding", "people:coding", "code_calls"),
    _page("/coding/{sample}", "people:sample", "code_calls"),
    _act("/coding/{sample}", "people:code", "code_calls", "calls_coded", back="people:sample"),
    # Meetings
    _page("/cycles", "meetings:cycles", "read_lists"),
    _act("/cycles", "meetings:freeze", "freeze_list", "list_frozen", back="meetings:cycles"),
    _page("/cycles/terms", "meetings:terms_page", "set_terms"),
    _act("/cycles/terms", "meetings:set_terms", "set_terms", "terms_set", back="meetings:terms_page"),
    _page("/cycles/{cycle}", "meetings:cycle", "read_lists"),
    _page("/cycles/{cycle}/open", "meetings:open_page", "hold_meeting"),
    _act("/cycles/{cycle}/open", "meetings:open_meeting", "hold_meeting", "meeting_opened", back="meetings:open_page"),
    _page("/cycles/{cycle}/prepare/{ref}", "meetings:prepare_page", "prepare_case"),
    _act("/cycles/{cycle}/prepare/{ref}", "meetings:prepare", "prepare_case", "case_prepared", back="meetings:prepare_page"),
    _page("/cycles/{cycle}/decide/{ref}", "meetings:decide_page", "hold_meeting"),
    _act("/cycles/{cycle}/decide/{ref}", "meetings:decide", "hold_meeting", "case_moved", back="meetings:decide_page"),
    _page("/cycles/{cycle}/minutes", "meetings:minutes", "read_lists"),
    _act("/cycles/{cycle}/minutes", "meetings:sign", "sign_minutes", "minutes_signed", back="meetings:minutes"),
    _page("/cycles/{cycle}/minutes.pdf", "meetings:minutes_pdf", "read_lists", is_export=True),
    _page("/cycles/{cycle}/agenda.pdf", "meetings:agenda_pdf", "read_lists", is_export=True),
    _page("/cycles/{cycle}/results", "meetings:results", "read_lists"),
    _page("/cycles/{cycle}/actions", "meetings:action_page", "set_action"),
    _act("/cycles/{cycle}/actions", "meetings:set_action", "set_action", "action_set", back="meetings:action_page"),
    _act("/cycles/{cycle}/debriefs", "meetings:debrief", "debrief_meeting", "debriefed", back="meetings:cycle"),
    _page("/actions", "learning:actions", "read_lists"),
    _act("/actions/{action}", "learning:update_action", "update_action", "action_updated", back="learning:actions"),
    _page("/lessons", "learning:lessons", "read_lists"),
    _act("/lessons", "learning:add_lesson", "add_lesson", "lesson_added", back="learning:lessons"),
    _page("/bids", "learning:bids", "read_tasking"),
    _act("/bids", "learning:bid", "bid", "bid_made", back="learning:bids"),
    _act("/bids/{bid}", "learning:decide_bid", "decide_bid", "bid_decided", back="learning:bids"),
    # Boroughs and papers
    _page("/taskings", "boroughs:listing", "read_tasking"),
    _act("/taskings", "boroughs:escalate", "escalate_tasking", "tasking_escalated", back="boroughs:listing"),
    _page("/taskings/{tasking}.pdf", "boroughs:pdf", "read_tasking", is_export=True),
    _page("/taskings/{tasking}", "boroughs:page", "read_tasking"),
    _act("/taskings/{tasking}", "boroughs:answer", "answer_tasking", "tasking_answered", back="boroughs:page"),
    _page("/taskings/{tasking}/slip.pdf", "boroughs:slip_pdf", "read_tasking", is_export=True),
    _page("/taskings/{tasking}/identified", "boroughs:identified_page", "disclose"),
    _act(
        "/taskings/{tasking}/identified", "boroughs:identified", "disclose", "disclosed",
        back="boroughs:identified_page", is_export=True,
    ),
    _page("/cases/{ref}/task", "boroughs:task_page", "task_borough"),
    _act("/cases/{ref}/task", "boroughs:task", "task_borough", "tasked", back="boroughs:task_page"),
    _page("/cases/{ref}/withhold", "boroughs:withhold_page", "withhold_telling"),
    _act("/cases/{ref}/withhold", "boroughs:withhold", "withhold_telling", "telling_withheld", back="boroughs:withhold_page"),
    _page("/cases/{ref}/pack", "papers:pack_page", "make_pack"),
    _act("/cases/{ref}/pack", "papers:make_pack", "make_pack", "pack_made", back="papers:pack_page"),
    _page("/packs/{pack}/{file}", "papers:pack_file", "make_pack", "exported", is_export=True),
    _page("/cases/{ref}/refer", "papers:refer_page", "refer"),
    _act("/cases/{ref}/refer", "papers:refer", "refer", "referred", back="papers:refer_page"),
    _page("/referrals", "papers:referrals", "read_referral"),
    _page("/referrals/{referral}.pdf", "papers:referral_pdf", "read_referral", is_export=True),
    _act("/referrals/{referral}", "papers:answer_referral", "answer_referral", "referral_answered", back="papers:referrals"),
    # Rights
    _page("/rights", "rights:page", "read_rights"),
    _page("/rights/dpia.md", "rights:assessment", "read_rights", is_export=True),
    _page("/rights/representations", "rights:represent_page", "receive_representation"),
    _act("/rights/representations", "rights:represent", "receive_representation", "represented", back="rights:represent_page"),
    _page("/rights/representations/{representation}", "rights:answer_page", "answer_representation"),
    _act(
        "/rights/representations/{representation}", "rights:answer", "answer_representation", "representation_answered",
        back="rights:answer_page",
    ),
    _page("/rights/corrections", "rights:correct_page", "correct_record"),
    _act("/rights/corrections", "rights:correct", "correct_record", "corrected", back="rights:correct_page"),
    _page("/rights/access", "rights:access_page", "give_access"),
    _act("/rights/access", "rights:give_access", "give_access", "access_given", back="rights:access_page", is_export=True),
    _page("/rights/delist", "rights:delist_page", "delist"),
    _act("/rights/delist", "rights:delist", "delist", "delisted", back="rights:delist_page"),
    _page("/rights/cases/{ref}/dispose", "rights:dispose_page", "dispose"),
    _act("/rights/cases/{ref}/dispose", "rights:dispose", "dispose", "disposed", back="rights:dispose_page"),
    _act("/rights/lists", "rights:dispose_lists", "dispose", "disposed", back="rights:page"),
    # Oversight
    _page("/audit", "oversight:audit", "read_casebook", "casebook_read"),
    _page("/audit.json", "oversight:export", "read_casebook", "casebook_read", is_export=True),
    _page("/administration", "oversight:administration", "change_users"),
    _act("/administration", "oversight:add_user", "change_users", "user_added", back="oversight:administration"),
    _page("/administration/{user}", "oversight:user_page", "change_users"),
    _act("/administration/{user}", "oversight:change_user", "change_users", "user_changed", back="oversight:user_page"),
    _act(
        "/administration/{user}/password", "oversight:reset_password", "change_users", "password_set",
        back="oversight:user_page",
    ),
)  # fmt: skip

# Of the menu: where it leads and what it is called, in order.
MENU: tuple[tuple[str, str], ...] = (
    ("/monday", "Monday"),
    ("/list", "List"),
    ("/looks", "Looks"),
    ("/cases", "Cases"),
    ("/why", "Why"),
    ("/cycles", "Meetings"),
    ("/taskings", "Taskings"),
    ("/referrals", "Referrals"),
    ("/links", "Links"),
    ("/coding", "Coding"),
    ("/estimates", "Estimates"),
    ("/quality", "Data quality"),
    ("/runs", "Runs"),
    ("/lessons", "Lessons"),
    ("/actions", "My actions"),
    ("/rights", "Rights"),
    ("/audit", "Audit"),
    ("/administration", "Administration"),
    ("/process", "Process"),
)


def route_of(method: str, path: str) -> Route | None:
    """The route that stands at a path of the table."""
    return next((route for route in ROUTES if (route.method, route.path) == (method, path)), None)


def page_of(handler: str) -> Route:
    """The page that a handler makes."""
    return next(route for route in ROUTES if (route.method, route.handler) == ("GET", handler))
