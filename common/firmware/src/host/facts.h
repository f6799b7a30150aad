// What a program says to the one that watches it: lines for a machine, between those for people.
#ifndef AIEDGE_HOST_FACTS_H_
#define AIEDGE_HOST_FACTS_H_

namespace aiedge {

// From now on each result is followed by a line, and print_facts() prints one.
void use_facts();

// Prints how far the sketch came: whether the network is ready, and the numbers of inputs, runs and results.
void print_facts();

}  // namespace aiedge

#endif  // AIEDGE_HOST_FACTS_H_
