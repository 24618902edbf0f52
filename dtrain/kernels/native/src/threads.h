// A small pool of threads that share rows. With one thread, no pool is made and the caller does everything itself.
#pragma once

void set_threads(int count);
int get_threads();

namespace threads {
typedef void (*Body)(void *context, long begin, long end, int part);

// How many parts, for as many threads, `items` are worth if each touches about `cost` values.
int parts_for(long items, long cost);

// How many groups to sum by: told from the work alone, so that sums have the same bits with any number of threads.
int groups_for(long items, long cost);

// Calls body(context, begin, end, part) for `parts` consecutive parts of `items`, and returns when all are done.
void run(long items, int parts, Body body, void *context);
}  // namespace threads

// f(begin, end, part) for `parts` parts of `items`, in parallel.
template <class F>
void share(long items, int parts, F f) {
  threads::run(
      items, parts, [](void *context, long begin, long end, int part) { (*(F *)context)(begin, end, part); }, &f);
}

// The same, with as many parts as the work is worth; f(begin, end).
template <class F>
void share_rows(long items, long cost, F f) {
  share(items, threads::parts_for(items, cost), [&](long begin, long end, int) { f(begin, end); });
}

// f(begin, end, group, part) for all groups of `items`, of which each part does some.
template <class F>
void share_groups(long items, int groups, F f) {
  int parts = get_threads() < groups ? get_threads() : groups;
  share(groups, parts, [&](long first, long last, int part) {
    for (long k = first; k < last; k++) f(items * k / groups, items * (k + 1) / groups, (int)k, part);
  });
}
