// KServe's controller and webhooks for InferenceServices and ServingRuntimes. Its own main also wants Knative, Istio and
// the types of every other controller; this one registers only what our objects meet, on loopback.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/kserve/kserve/pkg/apis/serving/v1beta1"
	"github.com/kserve/kserve/pkg/controller/v1beta1/inferenceservice"
	"github.com/kserve/kserve/pkg/webhook/admission/pod"
	"github.com/kserve/kserve/pkg/webhook/admission/servingruntime"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/record"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

func main() {
	port := flag.Int("port", 9443, "the webhooks' port")
	certificates := flag.String("certificates", "", "a folder with tls.crt and tls.key")
	flag.Parse()
	ctrl.SetLogger(zap.New())
	if err := run(*port, *certificates); err != nil {
		log.Fatal(err)
	}
}

func run(port int, certificates string) error {
	scheme, err := types()
	if err != nil {
		return err
	}
	config := ctrl.GetConfigOrDie()
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	hooks := webhook.NewServer(webhook.Options{Host: "127.0.0.1", Port: port, CertDir: certificates})
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                 scheme,
		Metrics:                server.Options{BindAddress: "0"},
		HealthProbeBindAddress: "0",
		WebhookServer:          hooks,
	})
	if err != nil {
		return err
	}
	if err := control(manager, clients); err != nil {
		return err
	}
	decoder := admission.NewDecoder(scheme)
	hooks.Register("/mutate-pods", &webhook.Admission{
		Handler: &pod.Mutator{Client: manager.GetClient(), Clientset: clients, Decoder: decoder},
	})
	hooks.Register("/validate-serving-kserve-io-v1alpha1-servingruntime", &webhook.Admission{
		Handler: &servingruntime.ServingRuntimeValidator{Client: manager.GetClient(), Decoder: decoder},
	})
	err = ctrl.NewWebhookManagedBy(manager).
		For(&v1beta1.InferenceService{}).
		WithDefaulter(&v1beta1.InferenceServiceDefaulter{}).
		WithValidator(&v1beta1.InferenceServiceValidator{}).
		Complete()
	if err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}

// control registers the controller that makes Deployments, Services and autoscalers of InferenceServices.
func control(manager ctrl.Manager, clients kubernetes.Interface) error {
	settings, err := v1beta1.GetInferenceServiceConfigMap(context.Background(), clients)
	if err != nil {
		return err
	}
	deploy, err := v1beta1.NewDeployConfig(settings)
	if err != nil {
		return err
	}
	ingress, err := v1beta1.NewIngressConfig(settings)
	if err != nil {
		return err
	}
	reconciler := &inferenceservice.InferenceServiceReconciler{
		Client:    manager.GetClient(),
		Clientset: clients,
		Log:       ctrl.Log.WithName("inferenceservice"),
		Scheme:    manager.GetScheme(),
		Recorder:  record.NewBroadcaster().NewRecorder(manager.GetScheme(), corev1.EventSource{Component: "kserve"}),
	}
	return reconciler.SetupWithManager(manager, deploy, ingress)
}
