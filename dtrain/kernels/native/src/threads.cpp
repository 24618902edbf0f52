#include "threads.h"

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace {

constexpr long WORTH = 1 << 15;  // values: what one thread should have to do before waking it pays
constexpr int MOST_GROUPS = 8;   // the sums of all groups must be added in the end
constexpr int SPINS = 200;       // looks for work before a thread sleeps: some tens of microseconds

std::atomic<int> wanted{1};

struct Job {
  threads::Body body;
  void *context;
  long items;
  int parts;
};

// The parts of a job that nobody has begun, in one word, so that whoever takes one takes it of the present job.
struct Ticket {
  static uint64_t of(uint64_t round, int parts, int next) { return round << 32 | (uint64_t)parts << 16 | (uint64_t)next; }
  static uint64_t round(uint64_t ticket) { return ticket >> 32; }
  static int parts(uint64_t ticket) { return ticket >> 16 & 0xffff; }
  static int next(uint64_t ticket) { return ticket & 0xffff; }
  static bool left(uint64_t ticket) { return next(ticket) < parts(ticket); }
};

// Never destroyed: its threads are detached and end with the process.
struct Pool {
  std::mutex mutex;
  std::condition_variable wake;
  std::mutex busy;  // held by the one caller that the pool works for
  std::atomic<uint64_t> ticket{0};
  std::atomic<int> done{0};
  Job job{};
  int workers = 0;
  pid_t owner = getpid();

  static void part_of(const Job &job, int part) {
    job.body(job.context, job.items * part / job.parts, job.items * (part + 1) / job.parts, part);
  }

  // A job stays as it is until all of its parts are done: whoever has taken one may read it.
  void take_parts() {
    uint64_t seen = ticket.load(std::memory_order_acquire);
    while (Ticket::left(seen)) {
      if (!ticket.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire)) continue;
      part_of(job, Ticket::next(seen));
      done.fetch_add(1, std::memory_order_release);
      seen = ticket.load(std::memory_order_acquire);
    }
  }

  void work() {
    for (;;) {
      for (int k = 0; k < SPINS && !Ticket::left(ticket.load(std::memory_order_acquire)); k++) std::this_thread::yield();
      if (!Ticket::left(ticket.load(std::memory_order_acquire))) {
        std::unique_lock<std::mutex> lock(mutex);
        wake.wait(lock, [&] { return Ticket::left(ticket.load()); });
      }
      take_parts();
    }
  }

  // The caller takes parts, too, all of them if need be: a thread that other libraries keep off its core for long
  // (those of a BLAS look for work for some 0.1 s after each product) must not hold it up.
  void run(const Job &todo) {
    for (; workers < todo.parts - 1; workers++) std::thread(&Pool::work, this).detach();
    job = todo;
    done.store(0);
    {
      std::lock_guard<std::mutex> lock(mutex);
      ticket.store(Ticket::of(Ticket::round(ticket.load()) + 1, todo.parts, 0), std::memory_order_release);
    }
    wake.notify_all();
    take_parts();
    while (done.load(std::memory_order_acquire) < todo.parts) std::this_thread::yield();
  }
};

Pool *pool() {
  static Pool *current = new Pool;
  if (current->owner != getpid()) current = new Pool;  // after a fork, the threads of the parent are not here
  return current;
}

}  // namespace

void set_threads(int count) { wanted = count < 1 ? 1 : count; }
int get_threads() { return wanted; }

namespace threads {

static int worth(long items, long cost, long most) {
  if (most > items) most = items;
  if (most > items * cost / WORTH) most = items * cost / WORTH;
  return most < 1 ? 1 : (int)most;
}

int parts_for(long items, long cost) { return worth(items, cost, wanted); }
int groups_for(long items, long cost) { return worth(items, cost, MOST_GROUPS); }

void run(long items, int parts, Body body, void *context) {
  Job job{body, context, items, parts};
  if (parts > 1) {
    Pool *shared = pool();
    std::unique_lock<std::mutex> mine(shared->busy, std::try_to_lock);
    if (mine.owns_lock()) return shared->run(job);
  }
  for (int part = 0; part < parts; part++) Pool::part_of(job, part);  // alone, or the pool works for another thread
}

}  // namespace threads
