import ProgressModel

extension FieldReader {
  /// The title and the size of a program's plan, `{"title","weeks":[{"weekNumber","sessions":[{"dayNumber",…}]}]}`; nil when
  /// there are `problems`. Whatever else the document holds is the client's own.
  mutating func plan() -> (title: String, sessions: Int)? {
    let title = required("title", .title)
    let weeks = objects("weeks") { week in
      let number = week.required("weekNumber", .sessionNumber)
      let days = week.objects("sessions") { $0.required("dayNumber", .sessionNumber) }
      return number.map { number in days.map { day in [number, day] } }
    }
    let sessions = weeks.flatMap { $0 }
    refuseRepeated(sessions)
    guard let title, problems.isEmpty else { return nil }
    return (title, sessions.count)
  }

  /// A session that the plan holds twice could be completed only once, so the program never.
  private mutating func refuseRepeated(_ sessions: [[Int]]) {
    let repeated = Dictionary(grouping: sessions) { $0 }.filter { $1.count > 1 }.keys
    for session in repeated.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      let message = "Value error, week \(session[0]) has day \(session[1]) more than once"
      refuse("value_error", message, at: [.string("weeks")], input: fields["weeks"] ?? .null)
    }
  }
}
