/// Whether a text may be a whole JSON object or array: it opens a bracket, and outside strings as many close as open.
///
/// One pass, no parsing: it only tells a file that is still being written from one that can be judged. A text with more closing
/// brackets than opening ones counts as complete, since nothing that follows could mend it.
func looksComplete(_ text: [UInt8]) -> Bool {
  var (depth, opened, quoted, escaping) = (0, false, false, false)
  for byte in text {
    if escaping {
      escaping = false
    } else if quoted {
      escaping = byte == UInt8(ascii: "\\")
      quoted = byte != UInt8(ascii: "\"")
    } else {
      switch byte {
      case UInt8(ascii: "\""): quoted = true
      case UInt8(ascii: "{"), UInt8(ascii: "["): (depth, opened) = (depth + 1, true)
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      default: break
      }
    }
  }
  return !quoted && (depth < 0 || (opened && depth == 0))
}
