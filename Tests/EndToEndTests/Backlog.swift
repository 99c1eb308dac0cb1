import Foundation

/// Two thousand actions in three programs, most of them completions, and the rows that they come to.
struct Backlog {
  struct Item: Hashable {
    let program: String
    let number: Int

    var week: Int { number / 50 + 1 }
    var day: Int { number % 50 + 1 }
    var session: String { "\(week)-\(day)" }
    var rating: String? { number % 5 == 0 ? ["easy", "perfect", "hard"][number % 3] : nil }
    var date: String? { number % 7 == 0 ? "2026-02-\(10 + number % 18)" : nil }
    var isUndone: Bool { number % 40 == 13 }
    var hasExercise: Bool { number % 40 == 26 }
  }

  /// Those whose completion the API refuses: alone, with a rating, with a date, with both.
  static let refused = [
    Item(program: "p1", number: 100), Item(program: "p1", number: 105), Item(program: "p2", number: 211), Item(program: "p2", number: 334),
    Item(program: "p3", number: 77),
  ]

  let items = [("p1", 800), ("p2", 700), ("p3", 500)].flatMap { program, count in
    (0..<count).map { Item(program: program, number: $0) }
  }

  /// Files' contents, none of them too large, and each item in one of them: what is undone with its completion is never sent.
  var files: [String] {
    stride(from: 0, to: items.count, by: 200).map { start in
      "[\(items[start..<(start + 200)].flatMap(\.actions).joined(separator: ","))]"
    }
  }

  /// The API's rows of a program when all but the refused ones are delivered.
  func rows(of program: String) -> [String] {
    items.filter { $0.program == program }.compactMap(\.row)
  }
}

extension Backlog.Item {
  /// As the log and the queue name it.
  var key: String { "complete-\(program)-\(week)-\(day)" }

  var actions: [String] {
    var fields = ["\"completed_at\":\"2026-01-28T15:30:00Z\""]
    if let rating { fields.append("\"intensity_rating\":\"\(rating)\"") }
    if let date { fields.append("\"scheduled_date\":\"\(date)\"") }
    var actions = [action("complete", fields)]
    if isUndone { actions.append(action("uncomplete")) }
    if hasExercise { actions.append(action("exercise", ["\"exercise\":{\"exercise_id\":\"squat\",\"reps\":\(number)}"])) }
    return actions
  }

  func action(_ name: String, _ fields: [String] = []) -> String {
    let common = ["\"action\":\"\(name)\"", "\"program_id\":\"\(program)\"", "\"week_number\":\(week)", "\"day_number\":\(day)"]
    return "{\((common + fields).joined(separator: ","))}"
  }

  /// nil where nothing is left to tell the API.
  fileprivate var row: String? {
    let isDone = !isUndone && !Backlog.refused.contains(self)
    let values = [rating, date, hasExercise ? "squat" : nil].compactMap { $0 }
    return isDone || !values.isEmpty ? ([session, isDone ? "done" : "open"] + values).joined(separator: " ") : nil
  }
}
