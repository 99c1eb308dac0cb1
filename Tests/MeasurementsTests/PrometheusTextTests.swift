import Measurements
import Testing

@Suite("A page of metrics")
struct PrometheusTextTests {
  @Test("has a family's help, type and samples")
  func families() {
    var page = PrometheusText()
    page.counter("syncs_total", "How many.", [.init(7)])
    page.gauge("entries", "By state.", [.init(3, .init("state", "waiting")), .init(0, .init("state", "failed"), .init("kind", "x"))])
    #expect(
      page.text == """
        # HELP syncs_total How many.
        # TYPE syncs_total counter
        syncs_total 7
        # HELP entries By state.
        # TYPE entries gauge
        entries{state="waiting"} 3
        entries{state="failed",kind="x"} 0

        """)
  }

  @Test("has a histogram in seconds, its last bucket without a bound")
  func histogram() {
    let histogram = DurationHistogram(bounds: [.microseconds(250), .seconds(1)])
    for duration in [Duration.microseconds(100), .milliseconds(500), .seconds(4)] { histogram.observe(duration) }
    var page = PrometheusText()
    page.histogram("wait_seconds", "Waits.", [([.init("of", "disk")], histogram.snapshot)])
    #expect(
      page.text == """
        # HELP wait_seconds Waits.
        # TYPE wait_seconds histogram
        wait_seconds_bucket{of="disk",le="0.00025"} 1
        wait_seconds_bucket{of="disk",le="1"} 2
        wait_seconds_bucket{of="disk",le="+Inf"} 3
        wait_seconds_sum{of="disk"} 4.5001
        wait_seconds_count{of="disk"} 3

        """)
  }

  @Test(
    "escapes what would end a label's value",
    arguments: [
      ("plain", "plain"), ("", ""), (#"a"b"#, #"a\"b"#), (#"C:\x"#, #"C:\\x"#), ("two\nlines", #"two\nlines"#), ("\r\n", "\r\\n"),
      (#"\n"#, #"\\n"#), ("grün 🧹", "grün 🧹"), ("{,}", "{,}"),
    ])
  func labels(value: String, written: String) {
    var page = PrometheusText()
    page.gauge("g", "h", [.init(1, .init("l", value))])
    #expect(page.text.hasSuffix("g{l=\"\(written)\"} 1\n"))
  }

  @Test("escapes what would end a help", arguments: [("a \"b\"", "a \"b\""), ("a\nb", #"a\nb"#), (#"a\b"#, #"a\\b"#)])
  func help(text: String, written: String) {
    var page = PrometheusText()
    page.gauge("g", text, [.init(1)])
    #expect(page.text.hasPrefix("# HELP g \(written)\n# TYPE g gauge\n"))
  }

  @Test(
    "writes a number so that it reads back as the same",
    arguments: [
      (0, "0"), (-3, "-3"), (1_000_000, "1000000"), (0.5, "0.5"), (1e-7, "1e-07"), (9_007_199_254_740_992, "9007199254740992"),
      (1e300, "1e+300"),
    ] as [(Double, String)])
  func numbers(value: Double, written: String) {
    var page = PrometheusText()
    page.gauge("g", "h", [.init(value)])
    #expect(page.text.hasSuffix("\ng \(written)\n"))
    #expect(Double(written) == value)
  }

  @Test("leaves out what is no number, and a family of which nothing is left", arguments: [Double.nan, .infinity, -.infinity])
  func notFinite(value: Double) {
    var page = PrometheusText()
    page.gauge("whole", "h", [.init(value)])
    page.gauge("partly", "h", [.init(value, .init("l", "a")), .init(1, .init("l", "b"))])
    #expect(page.text == "# HELP partly h\n# TYPE partly gauge\npartly{l=\"b\"} 1\n")
  }
}
