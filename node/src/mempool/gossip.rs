//! The swarm's loop: dials, sends local transactions, receives what peers send. It never verifies and never blocks.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use libp2p::allow_block_list::NotAllowed;
use libp2p::request_response::{Event as BatchEvent, Message, OutboundFailure, ResponseChannel};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{ListenError, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm, ping};
use tokio::sync::watch;
use tokio::time::Instant;

use super::behaviour::{Behaviour, BehaviourEvent, parse_peers};
use super::codec::{BATCH_TRANSACTIONS_MAX, BatchReply, BatchStatus, FrameError, Request};
use super::inbound::{Finished, Inbound};
use super::peer::{PeerLink, SendOutcome};
use super::refused_log::RefusedLog;
use super::stats::add;
use super::swarm::SwarmError;
use super::{Admission, Mempool};

/// Longest the loop sleeps when nothing is due.
const REST: Duration = Duration::from_secs(60);

/// The running swarm.
pub(super) struct Gossip<A> {
    swarm: Swarm<Behaviour>,
    mempool: Mempool,
    links: Vec<PeerLink>,
    places: HashMap<PeerId, usize>,
    inbound: Inbound<A>,
    refused_log: RefusedLog,
    /// When the transactions added locally are to be sent; `None` if there are none.
    flush_at: Option<Instant>,
    flushed_at: Instant,
}

impl<A: Admission> Gossip<A> {
    pub(super) fn new(
        swarm: Swarm<Behaviour>,
        mempool: Mempool,
        admission: Arc<A>,
        peers: Vec<(PeerId, Vec<Multiaddr>)>,
    ) -> Self {
        let now = Instant::now();
        let links: Vec<PeerLink> = peers.into_iter().map(|(id, addresses)| PeerLink::new(id, addresses, now)).collect();
        mempool.show_peers(links.iter().map(|link| Arc::clone(&link.gauge)).collect());
        Self {
            swarm,
            places: links.iter().enumerate().map(|(place, link)| (link.id, place)).collect(),
            inbound: Inbound::new(mempool.clone(), admission, links.len()),
            mempool,
            links,
            refused_log: RefusedLog::new(),
            flush_at: None,
            flushed_at: now,
        }
    }

    /// Runs until `shutdown` resolves, and follows changes of the list of peers.
    pub(super) async fn run(
        mut self,
        mut listed: watch::Receiver<Vec<String>>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), SwarmError> {
        tokio::pin!(shutdown);
        loop {
            let now = Instant::now();
            self.dial_due(now);
            self.send_due(now);
            self.inbound.start();
            let wake_at = self.wake_at(now);
            tokio::select! {
                () = &mut shutdown => return Ok(()),
                event = self.swarm.select_next_some() => self.on_event(event)?,
                done = self.inbound.finished() => self.on_finished(done),
                () = self.mempool.local_added() => self.on_local_added(),
                peers = changed(&mut listed) => self.on_peers_changed(&peers, now),
                () = tokio::time::sleep_until(wake_at) => {}
            }
        }
    }

    fn wake_at(&self, now: Instant) -> Instant {
        let due = self.links.iter().filter_map(PeerLink::wakes_at).chain(self.flush_at).min();
        due.map_or(now + REST, |due| due.min(now + REST))
    }

    /// Admits peers that are new on the list, and disconnects those that are no longer on it.
    fn on_peers_changed(&mut self, listed: &[String], now: Instant) {
        let peers = match parse_peers(listed, *self.swarm.local_peer_id()) {
            Ok(peers) => peers,
            Err(error) => return tracing::error!(%error, "could not apply the new list of peers; keeping the old one"),
        };
        for link in &mut self.links {
            if link.is_listed && !peers.iter().any(|(id, _)| *id == link.id) {
                tracing::info!(peer = %link.id, "peer.removed");
                link.is_listed = false;
                self.swarm.behaviour_mut().allowed.disallow_peer(link.id);
            }
        }
        for (id, addresses) in peers {
            let place = *self.places.entry(id).or_insert_with(|| {
                let mut link = PeerLink::new(id, Vec::new(), now);
                link.is_listed = false;
                self.links.push(link);
                self.inbound.add_peer();
                self.links.len() - 1
            });
            let link = &mut self.links[place];
            link.addresses = addresses;
            if !link.is_listed {
                tracing::info!(peer = %id, "peer.admitted");
                link.is_listed = true;
                self.swarm.behaviour_mut().allowed.allow_peer(id);
            }
        }
        let listed = self.links.iter().filter(|link| link.is_listed);
        self.mempool.show_peers(listed.map(|link| Arc::clone(&link.gauge)).collect());
    }

    fn dial_due(&mut self, now: Instant) {
        for link in &mut self.links {
            if link.start_dialling(now) {
                // From a new port: if two nodes dialled each other from the ports they listen on, the connections would collide.
                let addresses = link.addresses.clone();
                let options = DialOpts::peer_id(link.id).addresses(addresses).allocate_new_port().build();
                if let Err(error) = self.swarm.dial(options) {
                    tracing::debug!(peer = %link.id, %error, "peer.dial_refused: could not dial; trying again later");
                    link.dial_failed(now);
                }
            }
        }
    }

    /// The first transaction after an idle time is sent at once, those after it together when the delay has passed.
    fn on_local_added(&mut self) {
        let delay = Duration::from_millis(self.mempool.limits().batch_delay_ms_max);
        self.flush_at.get_or_insert(self.flushed_at + delay);
    }

    fn send_due(&mut self, now: Instant) {
        let flush = self.flush_at.is_some_and(|at| at <= now);
        if flush {
            self.flush_at = None;
            self.flushed_at = now;
        }
        for place in 0..self.links.len() {
            if self.links[place].release(now) || flush {
                self.send(place, now);
            }
        }
    }

    /// Sends pending local transactions to one peer until a bound is reached or none is left.
    fn send(&mut self, place: usize, now: Instant) {
        let limits = self.mempool.limits();
        let link = &mut self.links[place];
        // Checked first: a connection may have closed before this loop has seen the event.
        if !self.swarm.behaviour().batches.is_connected(&link.id) {
            return;
        }
        loop {
            let batch = self.mempool.local_from(link.cursor(), limits.batch_bytes_max, BATCH_TRANSACTIONS_MAX);
            if batch.items.is_empty() || !link.may_send(now, limits) {
                link.set_backlog(!batch.items.is_empty());
                return;
            }
            let counters = self.mempool.counters();
            add(&counters.batches_sent, 1);
            add(&counters.transactions_sent, batch.items.len());
            add(&counters.bytes_sent, batch.bytes);
            add(&link.gauge.transactions_sent, batch.items.len());
            let request = self.swarm.behaviour_mut().batches.send_request(&link.id, Request::Batch(batch.items));
            link.sent(request, batch.sequences, batch.bytes);
        }
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) -> Result<(), SwarmError> {
        let now = Instant::now();
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Batches(event)) => self.on_batch_event(event, now),
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => self.on_ping(event),
            SwarmEvent::ConnectionEstablished { peer_id, .. } => self.on_connected(peer_id, now),
            SwarmEvent::ConnectionClosed { peer_id, cause, .. } => {
                if let Some(link) = self.link(peer_id)
                    && link.disconnected(now)
                {
                    let cause = cause.map(|cause| cause.to_string()).unwrap_or_default();
                    tracing::info!(peer = %peer_id, cause, "peer.disconnected");
                }
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer_id), error, .. } => {
                if let Some(link) = self.link(peer_id)
                    && link.dial_failed(now)
                {
                    tracing::info!(peer = %peer_id, %error, "peer.unreachable: could not connect; trying again later");
                }
            }
            SwarmEvent::IncomingConnectionError { send_back_addr, error, peer_id, .. } => {
                self.on_incoming_refused(&send_back_addr, error, peer_id, now);
            }
            SwarmEvent::NewListenAddr { .. } | SwarmEvent::ExpiredListenAddr { .. } => {
                self.mempool.show_listen(self.swarm.listeners().map(ToString::to_string).collect());
            }
            SwarmEvent::ListenerClosed { addresses, reason, .. } => {
                let address = addresses.first().map(ToString::to_string).unwrap_or_default();
                let reason = reason.err().map_or_else(|| "closed".to_owned(), |error| error.to_string());
                return Err(SwarmError::Listen { address, reason });
            }
            _ => {}
        }
        Ok(())
    }

    fn on_connected(&mut self, peer_id: PeerId, now: Instant) {
        let Some(place) = self.places.get(&peer_id).copied() else { return };
        if self.links[place].connected() {
            tracing::info!(peer = %peer_id, "peer.connected");
            self.send(place, now);
        }
    }

    fn on_incoming_refused(&mut self, address: &Multiaddr, error: ListenError, peer_id: Option<PeerId>, now: Instant) {
        let reason = error.to_string();
        let is_unknown_peer = match error {
            ListenError::Denied { cause } => cause.downcast::<NotAllowed>().is_ok(),
            _ => false,
        };
        if !is_unknown_peer {
            tracing::debug!(%address, reason, "peer.handshake_failed");
            return;
        }
        add(&self.mempool.counters().strangers, 1);
        if self.refused_log.should_log(address, now) {
            let peer = peer_id.map(|peer| peer.to_string()).unwrap_or_default();
            tracing::warn!(%address, peer, "peer.stranger: refused a connection from an unknown peer");
        }
    }

    fn on_ping(&mut self, event: ping::Event) {
        match event.result {
            Ok(round_trip) => {
                if let Some(link) = self.link(event.peer) {
                    link.heard();
                    link.gauge.set_round_trip(round_trip);
                }
            }
            Err(ping::Failure::Unsupported) => {}
            Err(error) => {
                tracing::debug!(peer = %event.peer, %error, "peer.silent: failed to answer a ping; closing the connection");
                self.swarm.close_connection(event.connection);
            }
        }
    }

    fn on_batch_event(&mut self, event: BatchEvent<Request, BatchReply>, now: Instant) {
        match event {
            BatchEvent::Message { peer, message: Message::Request { request, channel, .. }, .. } => {
                self.on_request(peer, request, channel, now);
            }
            BatchEvent::Message { peer, message: Message::Response { request_id, response }, .. } => {
                let Some(place) = self.places.get(&peer).copied() else { return };
                self.links[place].heard();
                let outcome = self.links[place].answered(request_id, response, now);
                self.on_send_outcome(place, outcome, now);
            }
            BatchEvent::OutboundFailure { peer, request_id, error, .. } => {
                let Some(place) = self.places.get(&peer).copied() else { return };
                if matches!(error, OutboundFailure::UnsupportedProtocols) {
                    tracing::warn!(%peer, "peer.other_chain: could not send, the peer runs another chain");
                } else {
                    tracing::debug!(%peer, %error, "peer.batch_failed: could not deliver a batch; it is sent again");
                }
                let outcome = self.links[place].failed(request_id, now);
                self.on_send_outcome(place, outcome, now);
            }
            BatchEvent::InboundFailure { peer, error, .. } => {
                tracing::debug!(%peer, %error, "peer.answer_failed: could not answer a batch; the peer sends it again");
            }
            BatchEvent::ResponseSent { .. } => {}
        }
    }

    fn on_send_outcome(&mut self, place: usize, outcome: SendOutcome, now: Instant) {
        match outcome {
            SendOutcome::Resend => add(&self.mempool.counters().batches_to_resend, 1),
            SendOutcome::Refused => {
                add(&self.mempool.counters().batches_refused_by_peers, 1);
                tracing::warn!(peer = %self.links[place].id, "peer.refused_batch: a peer refused a batch of this node; it is not sent again");
            }
            SendOutcome::Done | SendOutcome::Unknown => {}
        }
        if self.links[place].has_backlog() {
            self.send(place, now);
        }
    }

    fn on_request(&mut self, peer: PeerId, request: Request, channel: ResponseChannel<BatchReply>, now: Instant) {
        let Some(place) = self.places.get(&peer).copied() else { return };
        self.links[place].heard();
        match request {
            Request::Batch(batch) => {
                add(&self.mempool.counters().batches_received, 1);
                if let Err((channel, reply)) = self.inbound.receive(place, batch, channel, now) {
                    add(&self.mempool.counters().batches_put_off, 1);
                    self.answer(channel, reply);
                }
            }
            Request::Malformed(error) => self.on_malformed(place, error, channel, now),
        }
    }

    fn on_malformed(&mut self, place: usize, error: FrameError, channel: ResponseChannel<BatchReply>, now: Instant) {
        add(&self.mempool.counters().batches_malformed, 1);
        tracing::warn!(peer = %self.links[place].id, %error, "peer.malformed_batch: could not read a batch; ignoring the peer for a while");
        self.inbound.mute(place, now);
        let reply = BatchReply::later(self.mempool.limits().mute_ms);
        self.answer(channel, BatchReply { status: BatchStatus::Refused, ..reply });
    }

    fn on_finished(&mut self, Finished { peer, channel, verdict }: Finished) {
        let Some(verdict) = verdict else { return };
        let (counters, reply) = (self.mempool.counters(), verdict.reply);
        let count = |field: u32| usize::try_from(field).unwrap_or(usize::MAX);
        add(&counters.transactions_received, count(reply.accepted));
        add(&counters.duplicates_received, count(reply.known));
        add(&counters.refused_received, count(reply.refused));
        add(&self.links[peer].gauge.transactions_received, count(reply.accepted));
        if reply.status == BatchStatus::Full {
            add(&counters.batches_put_off, 1);
        }
        if let Some(code) = verdict.fault {
            tracing::warn!(peer = %self.links[peer].id, code, "peer.inadmissible_batch: a batch failed the checks; ignoring the peer for a while");
            self.inbound.mute(peer, Instant::now());
        }
        self.answer(channel, reply);
    }

    /// A peer that has since disconnected needs no answer: it sends the batch again when it reconnects.
    fn answer(&mut self, channel: ResponseChannel<BatchReply>, reply: BatchReply) {
        let _gone = self.swarm.behaviour_mut().batches.send_response(channel, reply);
    }

    fn link(&mut self, peer: PeerId) -> Option<&mut PeerLink> {
        let place = self.places.get(&peer).copied()?;
        self.links.get_mut(place)
    }
}

/// The next list of peers. Never resolves once the sender is gone.
async fn changed(listed: &mut watch::Receiver<Vec<String>>) -> Vec<String> {
    match listed.changed().await {
        Ok(()) => listed.borrow_and_update().clone(),
        Err(_) => std::future::pending().await,
    }
}
