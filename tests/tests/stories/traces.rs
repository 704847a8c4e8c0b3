//! One trace follows a ticket through every process and through Kafka, and names nobody.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::any_value::Value,
    trace::v1::Span,
};
use suban_domain::{State, SurveyMeans};
use suban_proto::v1;
use suban_runtime::Service;
use suban_tests::{Case, PATIENCE, Plan, eventually, result};
use tonic::{Request, Response, Status};

use crate::words;

/// Keeps the spans of each service.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<BTreeMap<String, Vec<Span>>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut kept = self.0.lock().unwrap();
        for spans in request.into_inner().resource_spans {
            let attributes = spans.resource.map(|r| r.attributes).unwrap_or_default();
            let name = attributes.into_iter().find(|a| a.key == "service.name").and_then(|a| a.value?.value);
            let Some(Value::StringValue(name)) = name else { continue };
            let all = spans.scope_spans.into_iter().flat_map(|scope| scope.spans);
            kept.entry(name).or_default().extend(all);
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    /// Listens until the test's runtime ends.
    #[expect(clippy::disallowed_methods, reason = "it ends with the story's runtime")]
    async fn listens(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = tonic::transport::Server::builder().add_service(TraceServiceServer::new(self.clone()));
        tokio::spawn(server.serve_with_incoming(tokio_stream::wrappers::TcpListenerStream::new(listener)));
        endpoint
    }

    /// The names of a service's spans in this trace.
    fn of(&self, service: Service, trace: &[u8]) -> BTreeSet<String> {
        let kept = self.0.lock().unwrap();
        let spans = kept.get(&format!("suban-{service}")).into_iter().flatten();
        spans.filter(|span| span.trace_id == trace).map(|span| span.name.clone()).collect()
    }
}

/// The trace of this story.
const TRACE: u128 = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c;

/// A request that carries the trace on, as an operator's screen would send it.
fn traced<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let context = format!("00-{TRACE:032x}-b7ad6b7169203331-01");
    request.metadata_mut().insert("traceparent", context.parse().unwrap());
    request
}

/// Six processes, each with a span of its own in the one trace: the calls carry it in, the outbox and Kafka carry it
/// from one to the next.
#[tokio::test(flavor = "multi_thread")]
async fn one_trace_follows_a_ticket_from_submit_to_closing_through_six_processes_and_kafka() {
    let collector = Collector::default();
    let endpoint = collector.listens().await;
    Plan { machine_clock: true, closed: Service::ALL.to_vec(), ..Plan::default() }
        .story(async |city| {
            let mut processes = Vec::new();
            for service in Service::ALL {
                processes.push(city.process(service, &[("SUBAN_TELEMETRY__OTLP_ENDPOINT", &endpoint)]).await);
            }
            let citizen = city.citizen("公冶景珩", "19900001501");
            let agent = city.agent().await;
            let said = agent.intake().submit(traced(citizen.demand(words::RAILING))).await.unwrap().into_inner();
            let case = Case::of(&said);
            city.becomes(&case, State::PendingSign).await;

            let unit = city.unit(words::ROADS).await;
            let ticket = case.number.clone();
            let sign = v1::SignRequest { request_id: city.request(), ticket: ticket.clone() };
            unit.signer.dispatch().sign(traced(sign)).await.unwrap();
            unit.contacts(&case).await;
            let done = result(city.request(), &case, "护栏已修复,感谢您的监督,欢迎再次来电反映问题。");
            unit.handler.dispatch().submit_result(traced(done)).await.unwrap();
            city.becomes(&case, State::PendingCallback).await;
            let page = city.traced_get(&format!("/api/v1/tickets/{ticket}"), agent.token(), TRACE).await;
            assert_eq!(page.status, 200, "{page:?}");
            let survey = v1::RecordSurveyRequest {
                parts: Vec::new(),
                request_id: city.request(),
                ticket,
                answers: Some(v1::Answers { solved: Some(1), satisfied: Some(1), ..v1::Answers::default() }),
                means: SurveyMeans::Human.number(),
                comment: String::new(),
            };
            city.callback().await.followup().record_survey(traced(survey)).await.unwrap();
            city.becomes(&case, State::Closed).await;
            city.settles().await;

            let trace = TRACE.to_be_bytes();
            for service in Service::ALL {
                eventually(PATIENCE, format!("{service} has a span in the trace"), async || {
                    let spans = collector.of(service, &trace);
                    if spans.is_empty() { Err("it has none") } else { Ok(()) }
                })
                .await;
            }
            // Whoever was not called by us got it through Kafka.
            for service in [Service::Dedup, Service::Scoring] {
                assert!(collector.of(service, &trace).contains("consume"), "{:?}", collector.of(service, &trace));
            }
            let all = format!("{:?}", collector.0.lock().unwrap());
            assert!(!all.contains(&citizen.name) && !all.contains(&citizen.phone), "a span names the citizen");
            drop(processes);
        })
        .await;
}
