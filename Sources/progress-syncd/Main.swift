import ArgumentParser
import Glibc
import SyncdCommand

@main
enum Main {
  static func main() async {
    // As in progressctl's.
    setenv("LIBDISPATCH_LOG", "NO", 0)
    await ProgressSyncd.main()
  }
}
