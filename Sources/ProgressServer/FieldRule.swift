import ProgressModel

/// What a field of a body must be, and how it is read.
struct FieldRule<Value> {
  let read: (JSONValue) throws(Violation) -> Value

  /// The `type` and `msg` of a `RequestProblem`.
  struct Violation: Error {
    let type: String
    let message: String
  }
}

extension FieldRule where Value == Int {
  /// A week or a day.
  static var sessionNumber: Self {
    Self { value throws(Violation) in
      guard let number = value.integer else { throw Violation(type: "int_type", message: "Input should be a valid integer") }
      let (least, greatest) = (Session.numbers.lowerBound, Session.numbers.upperBound)
      guard number >= least else {
        throw Violation(type: "greater_than_equal", message: "Input should be greater than or equal to \(least)")
      }
      guard number <= greatest else {
        throw Violation(type: "less_than_equal", message: "Input should be less than or equal to \(greatest)")
      }
      return number
    }
  }
}

extension FieldRule where Value == IntensityRating {
  static var rating: Self {
    Self { value throws(Violation) in
      guard let rating = value.string.flatMap(IntensityRating.init(rawValue:)) else {
        throw Violation(type: "enum", message: "Input should be 'easy', 'perfect' or 'hard'")
      }
      return rating
    }
  }
}

extension FieldRule where Value == Timestamp {
  /// An instant; one without a zone is in UTC, as clients of the zoneless server send it.
  static var instant: Self {
    Self { value throws(Violation) in
      guard let instant = value.string.flatMap(Timestamp.init(zoneOptional:)) else {
        throw Violation(type: "datetime_parsing", message: "Input should be a valid datetime such as 2026-01-28T15:30:00Z")
      }
      return instant
    }
  }
}

extension FieldRule where Value == ScheduledDate {
  static var date: Self {
    Self { value throws(Violation) in
      if let day = value.string.flatMap(CalendarDate.init) { return .day(day) }
      guard let instant = value.string.flatMap(Timestamp.init(zoneOptional:)) else {
        let message = "Input should be a valid date such as 2026-01-28 or datetime such as 2026-01-28T15:30:00Z"
        throw Violation(type: "date_parsing", message: message)
      }
      return .instant(instant)
    }
  }
}

extension FieldRule where Value == String {
  static var title: Self {
    Self { value throws(Violation) in
      guard let text = value.string else { throw Violation(type: "string_type", message: "Input should be a valid string") }
      guard !text.isEmpty else { throw Violation(type: "string_too_short", message: "String should have at least 1 character") }
      return text
    }
  }

  static var exerciseID: Self {
    Self { value throws(Violation) in
      guard let log = ExerciseLog(fields: ["exercise_id": value]) else {
        throw Violation(type: "value_error", message: "Input \(ExerciseLog.idRule)")
      }
      return log.id
    }
  }
}

extension Timestamp {
  /// Nil also for the few instants around the years 0 and 10000 that only an offset can express: nobody could read them back.
  fileprivate init?(zoneOptional text: String) {
    guard let instant = Timestamp(rfc3339: text) ?? Timestamp(rfc3339: text + "Z"), Timestamp(rfc3339: instant.rfc3339) == instant else {
      return nil
    }
    self = instant
  }
}
