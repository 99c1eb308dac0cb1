/// A native field of the journal beside the message, for `journalctl FIELD=value`. `docs/JOURNAL.md` prints this table.
///
/// The names are what scripts look for, and stay.
package enum JournalField: String, CaseIterable, Sendable {
  case key = "PROGRESS_KEY"
  case program = "PROGRESS_PROGRAM"
  case entry = "PROGRESS_ENTRY"
  case sender = "PROGRESS_SENDER_UID"
  case attempt = "PROGRESS_ATTEMPT"
  case status = "HTTP_STATUS"
  case reason = "PROGRESS_REASON"
  case file = "PROGRESS_FILE"
  case rejectedAs = "PROGRESS_REJECTED_AS"
  case actionID = "PROGRESS_ACTION_ID"
  case count = "PROGRESS_COUNT"
  case entries = "PROGRESS_ENTRIES"
  case until = "PROGRESS_UNTIL"
  case since = "PROGRESS_SINCE"
  case api = "PROGRESS_API"
  case spool = "PROGRESS_SPOOL"
  case address = "PROGRESS_ADDRESS"
  case version = "PROGRESS_VERSION"
  case setting = "PROGRESS_SETTING"
  case level = "PROGRESS_LOG_LEVEL"
  case caller = "PROGRESS_CALLER_UID"
  case incident = "PROGRESS_INCIDENT"

  package var meaning: String {
    switch self {
    case .key: "what is written, and to which session: `complete-p1-1-3`"
    case .program: "the program of the session"
    case .entry: "the entry's id in the queue, as `progressctl` shows it; another one for each newer value"
    case .sender: "the user id of whoever dropped the action"
    case .attempt: "how often the entry has failed so far, or which retry begins"
    case .status: "the status of the API's answer; missing when there was none"
    case .reason: "why, in the words of the API, the network, the disk or the daemon"
    case .file: "the action file's name in `incoming/`"
    case .rejectedAs: "the file's name in `rejected/`"
    case .actionID: "the client's own `id` of the action"
    case .count: "in a summary: how many happenings it stands for; the other fields are those of the last one"
    case .entries: "how many entries of the queue it is about"
    case .until: "when the wait ends, RFC 3339"
    case .since: "since when, RFC 3339"
    case .api: "`api.base_url`"
    case .spool: "`spool.directory`"
    case .address: "host and port, `127.0.0.1:9100`"
    case .version: "the daemon's version"
    case .setting: "the configuration key"
    case .level: "the level from which on lines are written"
    case .caller: "the user id of whoever gave the command"
    case .incident: "what takes a person: `held`, `failed` or `backlog`"
    }
  }
}
