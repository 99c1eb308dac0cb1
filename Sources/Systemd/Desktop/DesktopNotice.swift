/// Something to be shown on a person's desktop.
package struct DesktopNotice: Hashable, Sendable {
  /// One line.
  package let title: String
  /// Plain text: what in it would be markup, or control a terminal, is shown as it is.
  package let body: String
  /// A name of the [icon naming specification](https://specifications.freedesktop.org/icon-naming-spec/latest/).
  package let icon: String
  package let urgency: Urgency

  package enum Urgency: UInt8, Sendable {
    case low, normal, critical
  }

  package init(title: String, body: String, icon: String, urgency: Urgency) {
    (self.title, self.body, self.icon, self.urgency) = (title, body, icon, urgency)
  }
}

extension DesktopNotice {
  /// The body as a server reads it that understands markup, or does not; control characters are spelled out either way, line breaks kept.
  func body(withMarkup: Bool) -> String {
    let text = body.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).singleLine }.joined(separator: "\n")
    guard withMarkup else { return text }
    return text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
