/// A day of the Gregorian calendar without a time or a zone, as in `2026-01-28`.
package struct CalendarDate: Hashable, Sendable {
  package let year: Int
  package let month: Int
  package let day: Int

  /// Reads `YYYY-MM-DD`; nil for anything else and for days that do not exist.
  package init?(_ text: String) {
    var scanner = DigitScanner(text)
    self.init(scanning: &scanner)
    guard scanner.isAtEnd else { return nil }
  }

  init?(scanning scanner: inout DigitScanner) {
    guard let year = scanner.number(digits: 4, in: 1...9999), scanner.skip(anyOf: "-"),
      let month = scanner.number(digits: 2, in: 1...12), scanner.skip(anyOf: "-"),
      let day = scanner.number(digits: 2, in: 1...Self.days(inMonth: month, of: year))
    else { return nil }
    (self.year, self.month, self.day) = (year, month, day)
  }

  private static func days(inMonth month: Int, of year: Int) -> Int {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  }
}

extension CalendarDate: CustomStringConvertible {
  package var description: String { [padded(year, to: 4), padded(month, to: 2), padded(day, to: 2)].joined(separator: "-") }
}

// The arithmetic is Howard Hinnant's `days_from_civil` and `civil_from_days`: years begin in March, so that
// the leap day is the last of its year. https://howardhinnant.github.io/date_algorithms.html
extension CalendarDate {
  var daysSinceEpoch: Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  init(daysSinceEpoch: Int) {
    let days = daysSinceEpoch + 719_468
    let era = (days >= 0 ? days : days - 146_096) / 146_097
    let dayOfEra = days - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }
}
