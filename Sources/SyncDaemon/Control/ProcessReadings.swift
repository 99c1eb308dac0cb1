import Glibc

/// What the kernel says of this process in `/proc/self`, which a service sees under `ProcSubset=pid` too: proc(5).
struct ProcessReadings: Sendable {
  /// User and system time together, in seconds.
  var cpuSeconds: Double?
  var residentBytes: Int?
  var virtualBytes: Int?
  var openDescriptors: Int?
  /// nil when there is no limit.
  var maximumDescriptors: Int?

  init() {
    // The second field is the program's name in parentheses, and may hold anything.
    let fields = Self.read("/proc/self/stat").split(separator: ")").last?.split(separator: " ") ?? []
    let ticks = sysconf(Int32(_SC_CLK_TCK))
    if fields.count > 21, ticks > 0 {
      if let user = Double(fields[11]), let system = Double(fields[12]) { cpuSeconds = (user + system) / Double(ticks) }
      virtualBytes = Int(fields[20])
      residentBytes = Int(fields[21]).map { $0 * sysconf(Int32(_SC_PAGESIZE)) }
    }
    openDescriptors = Self.countDescriptors()
    let limit = Self.read("/proc/self/limits").split(separator: "\n").first { $0.hasPrefix("Max open files") }
    maximumDescriptors = limit.flatMap { Int($0.split(separator: " ").dropFirst(3).first ?? "") }
  }

  private static func countDescriptors() -> Int? {
    guard let listing = opendir("/proc/self/fd") else { return nil }
    defer { closedir(listing) }
    var entries = 0
    while readdir(listing) != nil { entries += 1 }
    // Without the two dots and the listing's own.
    return entries - 3
  }

  /// The file's text, as far as a page of memory holds it; empty when it cannot be read.
  private static func read(_ path: String) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { close(file) }
    let bytes = [UInt8](unsafeUninitializedCapacity: 4_096) { buffer, count in
      count = max(0, Glibc.read(file, buffer.baseAddress, buffer.count))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
