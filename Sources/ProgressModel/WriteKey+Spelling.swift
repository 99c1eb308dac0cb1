extension WriteKey {
  /// The keys that `description` spells so: none when it spells no key, and more than one where hyphens in the names of a program and of an
  /// exercise leave open which numbers are the week and the day.
  package static func spelled(_ text: String) -> [WriteKey] {
    let words = text.split(separator: "-", omittingEmptySubsequences: false)
    let rest = words.dropFirst()
    switch words[0] {
    case "complete": return key(rest, .completion)
    case "intensity": return key(rest, .intensity)
    case "schedule": return key(rest, .schedule)
    case "exercise":
      return rest.indices.flatMap { index in
        let exercise = rest[index...].joined(separator: "-")
        return exercise.isEmpty ? [] : key(rest[..<index], .exercise(id: exercise))
      }
    default: return []
    }
  }

  /// The key whose session is spelled `program-week-day`; at most one.
  private static func key(_ words: ArraySlice<Substring>, _ field: Field) -> [WriteKey] {
    guard words.count >= 3, let week = number(words[words.endIndex - 2]), let day = number(words[words.endIndex - 1]),
      let program = ProgramID(words.dropLast(2).joined(separator: "-")), let session = Session(program: program, week: week, day: day)
    else { return [] }
    return [WriteKey(session: session, field: field)]
  }

  /// A number as it is written: `07` is another text than `7`.
  private static func number(_ word: Substring) -> Int? {
    Int(word).flatMap { "\($0)" == word ? $0 : nil }
  }
}
